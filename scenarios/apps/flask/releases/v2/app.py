"""A small Flask application, as a team would have it: it knows nothing of what stands in front of it."""

from flask import Flask, jsonify, request

VERSION = "v2"
app = Flask(__name__)


@app.get("/")
def index():
    return jsonify(version=VERSION, message="Hello from Flask, again")


@app.get("/health")
def health():
    return jsonify(status="ok", version=VERSION)


@app.get("/items/<int:number>")
def item(number):
    return jsonify(version=VERSION, item=number, square=number * number, cube=number**3)


@app.post("/echo")
def echo():
    body = request.get_data()
    return jsonify(version=VERSION, length=len(body), text=body.decode("utf-8", "replace"))

// A small Node application, as a team would have it: it knows nothing of what stands in front of it, and handles no
// signals, so SIGTERM ends it at once.
'use strict';
const http = require('node:http');

const VERSION = 'v1';

function answer(response, status, body) {
    const text = JSON.stringify({ version: VERSION, ...body });
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    response.end(text);
}

function echo(request, response) {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
        const body = Buffer.concat(chunks);
        answer(response, 200, { length: body.length, text: body.toString('utf8') });
    });
}

const server = http.createServer((request, response) => {
    const path = request.url.split('?')[0];
    const item = /^\/items\/(\d{1,9})$/.exec(path);
    if (path === '/' || path === '/health') {
        answer(response, 200, { message: 'Hello from Node' });
    } else if (item) {
        const number = Number(item[1]);
        answer(response, 200, { item: number, square: number * number });
    } else if (path === '/echo' && request.method === 'POST') {
        echo(request, response);
    } else {
        answer(response, 404, { message: 'not found' });
    }
});

server.listen(Number(process.env.PORT), '127.0.0.1', () => {
    console.log(`node ${VERSION}: listening on ${server.address().port}`);
});

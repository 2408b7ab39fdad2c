"""One workload after the other: starts the contenders afresh, sees that they do equal work, and measures in turns."""

import sys
import time

import clients
import equality
import measure
from proxies import Portico, wait_until


def say(text):
    print(text, file=sys.stderr, flush=True)


class Suite:
    def __init__(self, children, tools, upstreams, contenders, runs, length):
        self.children, self.tools, self.upstreams, self.contenders = children, tools, upstreams, contenders
        self.runs, self.length = runs, length
        self.calls = measure.SystemCalls(children)
        self.notes = []  # what a reader of the table has to know
        self.failed = False  # a contender was left out, or did other work than the rest

    def note(self, text, failure=False):
        say(text)
        self.notes.append(text)
        self.failed |= failure

    def measure(self, workload):
        """The figures of one workload, one record for each contender that took part."""
        say(f"== {workload.name}: {workload.title}")
        for contender in self.contenders:
            refusal = contender.refused(workload, self.upstreams)
            if refusal is not None:
                self.note(f"{workload.name} skipped: portico check says {refusal}")
                return []
        try:
            return self.measure_idle(workload) if workload.client == "idle" else self.measure_load(workload)
        finally:
            self.stop()

    def stop(self):
        for contender in self.contenders:
            contender.stop()

    def started(self, workload, contenders):
        """Those that answer by now. Of the others, what they wrote is shown."""
        ready = []
        for contender in contenders:
            contender.start(workload, self.upstreams)
            answers = wait_until(
                lambda: equality.answers(workload, contender.port), 15, lambda: contender.process.poll() is None)
            doubt = contender.doubt() if answers and isinstance(contender, Portico) else None
            if answers and doubt is None:
                ready.append(contender)
                continue
            self.note(f"{workload.name}: {contender.name} left out: {doubt or 'it does not answer'}", failure=True)
            say(self.children.log(contender.name))
            contender.stop()
        return ready

    def client(self, workload, port, length):
        run = {"h2load": clients.h2load, "handshakes": clients.handshake, "resumption": clients.handshake}
        return run.get(workload.client, clients.wrk)(self.children, workload, port, length)

    def record(self, workload, contender):
        return {
            "workload": workload.name, "contender": contender.name, "version": self.tools.version(contender.name),
            "cpu": [], "rate": [], "p50": [], "p99": [], "memory": None, "calls": None, "ring_calls": None,
            "bytes_each": [], "errors": []}

    def measure_load(self, workload):
        ready = self.started(workload, self.contenders)
        for line in equality.differences(workload, ready):
            self.note(f"{workload.name}: UNEQUAL WORK: {line}", failure=True)
        records = {contender: self.record(workload, contender) for contender in ready}
        for contender in ready:
            self.attempt(records, contender, lambda: self.client(workload, contender.port, 1))
        for run in range(self.runs):
            # Another one begins each time: what the one before leaves behind (sockets, warmth) is shared out.
            turn = run % len(ready) if ready else 0
            for contender in ready[turn:] + ready[:turn]:
                if contender in records:
                    self.attempt(records, contender, lambda: self.one_run(workload, contender, records[contender], run))
        for contender in list(records):
            records[contender]["memory"] = measure.memory(contender.process.pid)
            if self.calls.tool is not None:
                self.attempt(records, contender, lambda: self.count_calls(workload, contender, records[contender]))
        return list(records.values())

    def attempt(self, records, contender, step):
        """A contender whose run fails is left out of the table, and the reader is told."""
        try:
            step()
        except RuntimeError as error:
            name = records.pop(contender)["workload"]
            self.note(f"{name}: {contender.name} left out: {error}", failure=True)
            say(self.children.log(contender.name))

    def one_run(self, workload, contender, record, run):
        before = measure.cpu_seconds(contender.process.pid)
        answers = self.client(workload, contender.port, self.length)
        cpu = measure.cpu_seconds(contender.process.pid) - before
        if contender.process.poll() is not None:
            raise RuntimeError(f"it ended with {contender.process.returncode} under load")
        if answers.count == 0:
            raise RuntimeError(f"it answered nothing: {answers.errors}")
        record["cpu"].append(cpu / answers.count * 100_000)
        record["rate"].append(answers.rate)
        record["p50"].append(answers.p50)
        record["p99"].append(answers.p99)
        for error in answers.errors:
            record["errors"].append(error)
            say(f"{contender.name}: {error}")
        say(f"run {run + 1} of {self.runs}: {contender.name} {record['cpu'][-1]:.3f} CPU s per 100,000 {workload.unit} "
            f"({cpu:.2f} s), {answers.rate:,.0f}/s, p99 {answers.p99:.2f} ms")

    def count_calls(self, workload, contender, record):
        calls, ring_calls, answers = self.calls.count(
            contender.process.pid, lambda: self.client(workload, contender.port, min(2, self.length)))
        record["calls"], record["ring_calls"] = calls / answers.count, ring_calls / answers.count

    def measure_idle(self, workload):
        """Each run has a fresh process, warmed up: memory that was freed before would hide what a connection takes."""
        records = {contender: self.record(workload, contender) for contender in self.contenders}
        for run in range(min(self.runs, 3)):
            for contender in [each for each in self.contenders if each in records]:
                if not self.started(workload, [contender]):
                    del records[contender]
                    continue
                self.attempt(
                    records, contender, lambda: self.one_idle_run(workload, contender, records[contender], run))
                contender.stop()
        return list(records.values())

    def one_idle_run(self, workload, contender, record, run):
        clients.wrk(self.children, clients.WARMING, contender.port, 1)
        time.sleep(0.5)

        def memory_now():
            return measure.memory(contender.process.pid)

        try:
            each, errors = clients.idle(workload, contender.port, memory_now)
        except OSError as error:
            raise RuntimeError(f"{type(error).__name__}: {error}")
        record["bytes_each"].append(each)
        record["memory"] = memory_now()
        record["errors"] += errors
        say(f"run {run + 1}: {contender.name} {each:,.0f} bytes for each of {workload.connections:,} connections"
            + "".join(f"; {error}" for error in errors))

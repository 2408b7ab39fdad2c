"""The figures as Markdown: first what was meant to hold and whether it does, then everything."""

import statistics

from workloads import WORKLOADS


def number(value):
    """Three figures that say something."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def median(values):
    return statistics.median(values) if values else None


def spread(values):
    return f"{number(min(values))}–{number(max(values))}" if len(values) > 1 else ""


def is_portico(record):
    return record["contender"].startswith("portico-")


def engine(record):
    return record["contender"].removeprefix("portico-")


def name(record):
    return f"Portico ({engine(record)})" if is_portico(record) else record["contender"]


def better(peers, key):
    """The peer with the lowest median, or None."""
    measured = [peer for peer in peers if peer[key]]
    return min(measured, key=lambda peer: median(peer[key])) if measured else None


def verdict(record, value, target):
    """Compared as printed: 0.804 is shown as 0.80 and meets 0.80."""
    if record["errors"]:
        return "errors"
    if target is None or value is None:
        return "–"
    return "met" if round(value, 2) <= target else "**missed**"


def target_rows(workload, records):
    peers = [record for record in records if not is_portico(record)]
    if workload.against is not None:
        peers = [peer for peer in peers if peer["contender"] == workload.against]
    cheaper, quicker = better(peers, "cpu"), better(peers, "p99")
    for record in filter(is_portico, records):
        if not record["cpu"]:
            continue
        target = workload.targets.get(engine(record))
        cpu, p99 = median(record["cpu"]), median(record["p99"])
        ratio = cpu / median(cheaper["cpu"]) if cheaper else None
        slowness = p99 / median(quicker["p99"]) if quicker and median(quicker["p99"]) > 0 else None
        yield row([
            workload.name, engine(record), number(cpu),
            f"{number(median(cheaper['cpu']))} {cheaper['contender']}" if cheaper else "–",
            number(ratio), f"≤ {target:.2f}" if target is not None else "–", verdict(record, ratio, target),
            f"{number(p99)} : {number(median(quicker['p99']))} {quicker['contender']}" if quicker else number(p99),
            verdict(record, slowness, 1.0)])


def targets(by_workload):
    lines = [
        "CPU seconds of the proxy (user and system, all its processes) per 100,000 requests or handshakes, against the",
        "better peer of the same run; p99 in ms against the quicker peer.", "",
        row([
            "workload", "engine", "Portico", "better peer", "ratio", "target", "CPU", "p99 : peer's", "p99 ≤ peer's"]),
        row(["---"] * 9)]
    rows = [line for workload, records in by_workload for line in target_rows(workload, records)]
    return lines + rows + [""] if rows else []


def idle(by_workload):
    rows = []
    for workload, records in by_workload:
        for record in records:
            if not record["bytes_each"]:
                continue
            each = median(record["bytes_each"])
            target = workload.targets.get(engine(record)) if is_portico(record) else None
            rows.append(row([
                f"{name(record)} {record['version']}", number(each), spread(record["bytes_each"]),
                number(record["memory"] / 2**20), f"≤ {target:,}" if target else "–",
                verdict(record, each, target)]))
    if not rows:
        return []
    return [
        "Idle keep-alive connections, each after one answer: resident bytes that each adds, without the kernel's.", "",
        row(["proxy", "bytes each", "range", "whole memory MiB", "target", ""]), row(["---"] * 6)] + rows + [""]


def figures(by_workload):
    lines = [
        row(["workload", "proxy", "CPU s per 100,000", "range", "per s", "p50 ms", "p99 ms", "memory MiB",
             "syscalls each", "io_uring_enter each"]),
        row(["---"] * 10)]
    rows = []
    for workload, records in by_workload:
        for record in records:
            if not record["cpu"]:
                continue
            ring = record["ring_calls"]
            rows.append(row([
                workload.title, f"{name(record)} {record['version']}", number(median(record["cpu"])),
                spread(record["cpu"]), f"{median(record['rate']):,.0f}", number(median(record["p50"])),
                number(median(record["p99"])), number(record["memory"] / 2**20), number(record["calls"]),
                f"{ring:.3f}" if ring else "–"]))
    return lines + rows + [""] if rows else []


def handshake_rates(by_workload):
    for workload, records in by_workload:
        rates = [
            f"{name(record)} {100_000 / median(record['cpu']):,.0f}" for record in records
            if workload.unit == "handshakes" and record["cpu"] and median(record["cpu"]) > 0]
        if rates:
            yield f"{workload.name}: handshakes per CPU second: " + ", ".join(rates)


def errors(by_workload):
    for workload, records in by_workload:
        for record in records:
            if record["errors"]:
                yield f"{workload.name}: {name(record)}: {len(record['errors'])} errors, first: {record['errors'][0]}"


def render(records, conditions, notes):
    by_workload = []
    for workload in WORKLOADS:
        mine = [record for record in records if record["workload"] == workload.name]
        if mine:
            by_workload.append((workload, mine))
    lines = targets(by_workload) + figures(by_workload) + idle(by_workload)
    notes = [*handshake_rates(by_workload), *errors(by_workload), *notes]
    lines += [f"- {note}" for note in notes]
    if notes:
        lines.append("")
    return "\n".join(lines + [conditions]) + "\n"

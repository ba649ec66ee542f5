"""The results of the cluster benchmark as Markdown for people and as JSON for programs."""

from importlib import metadata

from report import write

HEADER = "| Contender | min s | median s | max s | CPU s |\n|:--|--:|--:|--:|--:|\n"
MEMORY_HEADER = "| Process | peak memory |\n|:--|--:|\n"


def markdown(result):
    """One measurement: the answer, then what it is made of."""
    contenders = result["contenders"]
    lines = [f"### {result['title']}\n\n"]
    if question := result.get("question"):
        aim = f" (aim: {question['aim']}; {'reached' if question['reached'] else 'missed'})" if question["aim"] else ""
        lines.append(f"By the medians {question['text']}{aim}.\n")
    load = result["load_average_before"][0]
    lines.append(f"All {result['verified_documents']:,} documents are equal. Load before: {load:.1f}.\n\n{HEADER}")
    for name, numbers in contenders.items():
        cpu = f"{numbers['median_cpu_seconds']:.2f}" if numbers["median_cpu_seconds"] else ""
        lines.append(
            f"| {name} | {numbers['min_seconds']:.3f} | {numbers['median_seconds']:.3f} "
            f"| {numbers['max_seconds']:.3f} | {cpu} |\n"
        )
    lines.append(phases(contenders))
    if peaks := result.get("peak_rss_bytes"):
        lines.append("\n" + MEMORY_HEADER)
        lines += [f"| {name} | {peak / 2**20:.0f} MiB |\n" for name, peak in peaks.items()]
    return "".join(lines)


def phases(contenders):
    """Where the time of each contender went, as its report says."""
    found = {name: numbers.get("median_phase_seconds") for name, numbers in contenders.items()}
    found = {name: steps for name, steps in found.items() if steps}
    if not found:
        return ""
    names = list(next(iter(found.values())))
    lines = [f"\n| Median of | {' | '.join(names)} |\n|:--|{'--:|' * len(names)}\n"]
    for name, steps in found.items():
        lines.append(f"| {name} | {' | '.join(f'{steps[step]:.3f} s' for step in names)} |\n")
    return "".join(lines)


def save(path, results, args):
    """Writes the results with what is needed to judge them: the machine, its load, the versions."""
    found = {"pyspark": metadata.version("pyspark"), "memory_gib": args.memory_gib, "measurements": results}
    write(path, args.data, args.binary, found)

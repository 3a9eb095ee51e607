"""Take the quotes of a research file over into the catalogue of law under shuzhi/kernel/data/rules.

Run by hand (it needs PyYAML, which the project itself does not):

    python tools/make_law.py rules.yaml
    python tools/make_law.py --earlier SEC-N23 网络安全法-2017 第二十一条 网络安全法.md

The first form refreshes what a source says of each rule: article, status, grade, source, quote and its hash. What a
person has read out of the quote (force, time limits, facts, flags) is kept; a rule that is new, or whose quote has
changed, is named so that somebody reads it. The second form adds the wording a rule had in an earlier edition of its
law, taken verbatim from that edition's text. An edition must stand in editions.json first: that table is written by hand.
"""

from __future__ import annotations

import argparse
import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

RULES = Path(__file__).parents[1] / "shuzhi" / "kernel" / "data" / "rules"

# The first reading of a wording, the strictest norm first. People correct it: these words may address somebody else.
FORCE = (
    ("must_not", "不得|禁止|不予行政处罚|不再给予"),
    ("generally", "一般|原则上"),
    ("must", "应当|必须"),
    ("may", "可以"),
)
AMOUNTS = {"days": "calendar", "working_days": "working", "months": "months", "years": "years"}


def main() -> None:
    parser = argparse.ArgumentParser(description="Refresh the catalogue of law from a research file.")
    parser.add_argument("research", nargs="?", type=Path, help="the YAML file")
    parser.add_argument("--earlier", nargs=4, metavar=("RULE", "EDITION", "ARTICLE", "TEXT"))
    options = parser.parse_args()
    if options.earlier:
        add_earlier(*options.earlier)
    elif options.research:
        refresh(options.research)
    else:
        parser.error("name the research file, or --earlier")


def refresh(research: Path) -> None:
    import yaml

    laws = read("editions")
    found = yaml.safe_load(research.read_text(encoding="utf-8"))["rules"]
    held = {rule["id"]: rule for path in RULES.glob("???.json") for rule in read(path.stem)}
    for rule in found:
        if rule["id"] not in held:
            held[rule["id"]] = first_reading(rule, laws)
        version = held[rule["id"]]["versions"][-1]
        quote = rule["quote"] or ""
        if version.get("sha256") not in (None, digest(quote)):
            print(f"{rule['id']}: the quote has changed, read it again")
        version |= {
            "article": "" if rule["law"]["article"] == "—" else rule["law"]["article"],
            "status": rule["status"],
            "grade": rule["grade"],
            "source": sources(rule["source"]),
            "quote_scope": rule["quote_scope"],
            "quote": quote,
            "sha256": digest(quote),
        }
    for gone in held.keys() - {rule["id"] for rule in found}:
        print(f"{gone}: no longer in the research file, kept")
    write(list(held.values()))


def first_reading(rule: dict[str, Any], laws: dict[str, Any]) -> dict[str, Any]:
    """What wording and parameters suggest, for a person to correct."""
    name = rule["law"]["name"]
    editions = [key for key, law in laws.items() if name in (law["name"], law["short"])]
    if not editions:
        raise SystemExit(f"{rule['id']}: enter {name}（{rule['law']['version']}） in editions.json first")
    print(f"{rule['id']}: new, read it: force, terms, facts")
    terms, facts = {}, {}
    for key, value in rule["params"].items():
        if key in AMOUNTS:
            terms["term"] = {"name": rule["title"], "amount": value, "kind": AMOUNTS[key]}
        else:
            facts[key] = value
    force = next((force for force, words in FORCE if re.search(words, rule["quote"] or "")), "states")
    version = {
        "law": editions[-1],
        "force": force,
        "for_party": False,
        "deems": False,
        "terms": terms,
        "facts": facts,
    }
    return {"id": rule["id"], "title": rule["title"], "apps": rule["apps"], "versions": [version]}


def sources(source: dict[str, str]) -> list[str]:
    """Where the text can be read in public: repository and path, or the excerpt's number and its address."""
    if "repo" in source:
        return [source["repo"], *([source["cross_check"]] if "cross_check" in source else [])]
    excerpts = source.get("local", "").partition("#")[2]
    urls = [url for url in source.get("url", "").split() if url.startswith("http")]
    return [*excerpts.split(","), *urls] if excerpts else urls


def add_earlier(key: str, edition: str, article: str, text: str) -> None:
    laws = read("editions")
    if edition not in laws:
        raise SystemExit(f"enter {edition} in editions.json first")
    rules = read(key[:3].lower())
    (rule,) = (rule for rule in rules if rule["id"] == key)
    quote = wording(Path(text).read_text(encoding="utf-8"), article)
    reading = rule["versions"][-1] | {"law": edition, "article": article, "status": "VERIFIED", "grade": "B"}
    reading |= {"source": [f"LawRefBook/Laws:{Path(text).name}"], "quote_scope": "full_article"}
    reading |= {"quote": quote, "sha256": digest(quote)}
    versions = [version for version in rule["versions"] if version["law"] != edition] + [reading]
    rule["versions"] = sorted(versions, key=lambda version: laws[version["law"]]["valid_from"] or "")
    write(rules)
    print(f"{key}: {edition}{article}, with the reading of the present edition; correct it where they differ")


def wording(text: str, article: str) -> str:
    """An article with all its paragraphs, verbatim, one a line."""
    found = re.search(
        rf"^{article} .*?(?=^第[一二三四五六七八九十百千]+条 |^#|\Z)", text, re.MULTILINE | re.DOTALL
    )
    if not found:
        raise SystemExit(f"the text has no {article}")
    return "\n".join(line.strip() for line in found.group().splitlines() if line.strip())


def digest(quote: str) -> str:
    return sha256(quote.encode()).hexdigest()


def read(name: str) -> Any:
    return json.loads((RULES / f"{name}.json").read_text(encoding="utf-8"))


def write(rules: list[dict[str, Any]]) -> None:
    files: dict[str, list[dict[str, Any]]] = {}
    for rule in sorted(rules, key=lambda rule: rule["id"]):
        files.setdefault(rule["id"][:3].lower(), []).append(rule)
    for name, part in files.items():
        (RULES / f"{name}.json").write_text(
            json.dumps(part, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()

"""What is English in a text that is to be Korean."""

from __future__ import annotations

import re

# Sources are cited as they were printed, and examples are typed as they stand.
CITED = re.compile(
    r"arXiv|\bpp?\.|Proc\.|Trans\.|Math\.|SIAM|IC[ML]|NeurIPS|Wiley|Springer|Software|J\. |\d{4}"
)
# So is the machine, as a record names it: what processors are called differs from one to the next.
TYPED = re.compile(
    r"machine [a-z]+ [\w-]+|--[a-z-]+|[^\s가-힣]*[\d_=(){}<>/*^~\[\]][^\s가-힣]*|\b[A-Z]\w*|'[^']*'|\"[^\"]*\"|%"
)
SENTENCE = re.compile(r"\b[a-z]{2,}(?: [a-z]{2,}){2,}")


def english_in(text: str) -> list[str]:
    """What looks like English, three small words in a row or more."""
    found, citing = [], False
    for line in text.splitlines():
        citing = "출처" in line or (citing and bool(line.strip()))
        if citing or CITED.search(line) or line.lstrip().startswith(("downslope ", "사용법:")):
            continue
        found += [f"{m.group()!r} in {line!r}" for m in SENTENCE.finditer(TYPED.sub(" · ", line))]
    return found

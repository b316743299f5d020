"""The words of a question that say what it is about."""

import re

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]|[^\W_]+")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def words(text: str) -> list[str]:
    """Every word, lower case, in order. Scripts that write no spaces go sign by sign."""
    return [match.lower() for match in _WORD.findall(text)]


STOP_WORDS = frozenset(
    words("""
    a about above after again against all also am an and another any anybody anyone anything are aren as at
    be because been before being below between both but by
    can cannot could couldn d did didn do does doesn doing don done down during
    each either else ever every everything explain
    few for from further
    get gets getting give given gives go goes going gonna got
    had hadn happen happens has hasn have haven having he hello help her here hers herself hey hi him himself his
    how however
    i if in into is isn it its itself
    just
    kindly know
    let like ll long
    m ma  many may maybe me mean means might mine more most much must my myself
    need needs neither no nor not now
    of off often ok okay on once only onto or other ought our ours ourselves out over own
    perhaps please possible
    question quite
    rather re really
    s same say says shall she should shouldn show so some somebody someone something still such sure
    t tell than thank thanks that the their theirs them themselves then there these they thing things this those
    though through to too
    under until up upon us use used useful uses using
    ve very
    wanna want wants was wasn way ways we well were weren what whatever when where whether which while who whom
    whose why will with within without won would wouldn
    yes yet you your yours yourself
    """)
)

_POINTING = frozenset(words("it its that this these those them they their there he she"))
_CONTINUING = frozenset(words("and also but or then so otherwise"))


def content_words(text: str) -> list[str]:
    """The distinct words that are not stop words, in the order they were said."""
    return list(dict.fromkeys(word for word in words(text) if word not in STOP_WORDS))


def leans_on_what_was_said(text: str) -> bool:
    """Whether a question can only be understood with the one before it: "and how do I stop it?"."""
    said = words(text)
    return bool(said) and (said[0] in _CONTINUING or not _POINTING.isdisjoint(said))


def spaced(text: str) -> str:
    """Signs of scripts without spaces made words of their own, as `words` does it."""
    return _IDEOGRAPH.sub(r" \g<0> ", text)

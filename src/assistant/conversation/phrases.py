"""What people say to carry on, to change the subject and to point back: tables of phrases, and the patterns made of them.

English, with the commonest openings of a few other languages; what no table knows is judged by its words (`leaning`).
"""

from __future__ import annotations

import re

_START = r"\A[^\w/\"'“‘`(]*"
_GAP = r"[^\w/\"'“‘`(]*"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


def _one_of(*phrases: str) -> str:
    """Any of these phrases; each is a pattern, in which a space stands for one space."""
    return f"(?:{'|'.join(phrases)})"


_FOR = r"(?: for [^,.!?;]{1,60}(?=[,.!;]))?"
_THANKS = _one_of(
    rf"thanks?(?: (?:you|a lot|so much|very much|again))*{_FOR}", "ok", "okay", "thx", "ty", "got it", "i see", "understood",
    "hm+", "aha", "ah", "oh", "yes", "yeah", "yep", "hi", "hiya", "hello", "hey", "danke", "merci", "gracias",
)  # fmt: skip
_PRAISE = _one_of(
    "great", "cool", "nice", "perfect", "good", "alright", "all right", "well", "sure", "fine", "right", "bye",
    "good (?:morning|afternoon|evening|day)", "(?:hi|hiya|hello|hey) (?:there|all|everyone|everybody|folks|again)",
)  # fmt: skip
_ENDS = r"(?=\s*[,.!;:)]|\s*\Z)"
OPENING = _pattern(rf"{_START}(?:(?:{_PRAISE}{_ENDS}|{_THANKS}(?![-/.:@]?\w)){_GAP})+")
"""Thanks, greetings and the like before a question."""
TO_THE_ASSISTANT = _pattern(
    _one_of(
        "who are you", "what are you", "how do you work", "what (?:can|do) you (?:do|know|answer)",
        "what can (?:i|you) (?:ask|help)(?: (?:you|me|with|about|for|here))*",
        "are you (?:a |an )?(?:ai|bot|robot|human|there)",
    )
    + r"[\s?!.]*\Z"
)  # fmt: skip
"""All that somebody says who asks the assistant what it is: nothing that posts could be searched for."""
FIRST_TO_THE_ASSISTANT = _pattern(
    _one_of("(?:please )?help(?: me)?", "what(?: is|'s|’s) this", "how does this work", "(?:how )?can you help(?: me)?")
    + r"[\s?!.]*\Z"
)
"""The same of words that ask on about what was said, where something was."""

_LEADS = _one_of("now", "and", "but", "on", "i have", "i've got", "one", "an?", "to", "let's", "about")
_OTHER = _one_of("(?:(?:totally|completely|entirely) )?(?:new|different|other|another|unrelated|separate|next)")
CHANGE = _pattern(
    rf"{_START}(?:{_LEADS} )*"
    + _one_of(
        rf"{_OTHER} (?:question|topic|subject|matter|thing|problem|issue)",
        "something (?:else|different|new|unrelated)",
        "unrelated(?:ly)?",
        "(?:changing|change|switching|switch) (?:of |the |to )*(?:subject|topic)s?",
        "off[- ]topic",
        "(?:neue|andere) frage",
        "autre question",
        "otra pregunta",
    )
    + rf"\b{_GAP}"
)
"""An announcement that another subject comes."""

RETURN = _pattern(
    rf"{_START}(?:(?:and|but|now|so|ok) )*"
    + _one_of("(?:(?:going|coming|getting|go|come|let's go|let me come) )?back to", "returning to", "return to", "as for",
              "about", "regarding", "concerning", "zurück zu[mr]?")
    + r"\s+(?P<about>[^:,?!.;\n]{2,120})"
)  # fmt: skip
"""A way back to a subject, which has to be one that was spoken of."""

_REGRETS = _one_of("no", "nope", "nah", "sorry", "wait", "actually", "rather", "typo", "oops")
_REGRET = rf"(?:{_REGRETS}\b{_GAP})"
_MEANT = _one_of("(?:but )?(?:i|we) (?:actually |really )?(?:meant|mean)(?: to ask)?")
_MISTAKE = _one_of("no", "nope", "nah", "typo", "oops", "correction")
CORRECTION = _pattern(
    rf"{_START}(?:{_REGRET}*{_MEANT}\b|{_REGRET}+not (?:that|this)(?: one)?\b|{_REGRET}*{_MISTAKE}(?=\s*[,.:;!–-])){_GAP}"
)
"""A correction of the question before: the assistant took it for another one."""

DENIED = _pattern(r",?\s*\bnot (?:the |a |on |in |for |with |of )*[^\s,;:?!]+(?<!\.)")
"""What a correction takes back."""

FOLLOWS_UP = _pattern(
    _START
    + _one_of(
        "and", "but", "or", "so", "also", "then", "what about", "how about", "what if", "how so", "how come", "since when",
        "(?:the )?same", "und", "et", "y", r"(?:why|where|when|who|how)\W*\Z", r"which(?: \w+)?\W*\Z",
        r"any (?:other|more|workaround|fix|repl|answer|news)\w*",
    )
    + r"\b"
)  # fmt: skip
"""First words of a question that carries on."""

_ADJUNCTS = _one_of("with(?:out|in)?", "on", "in(?:side)?", "for", "from", "at", "by", "under", "over", "during", "after",
                    "before", "since", "as", "via", "between", "behind", "when", "while", "if", "to", "of")  # fmt: skip
_OPENINGS = rf"{_START}(?:{_one_of('and', 'but', 'or', 'so', 'also', 'then', 'what about', 'how about')}(?![-/.:@]?\w){_GAP})+"
CARRYING_ON = _pattern(_OPENINGS)
"""Those of them that people put before another subject too."""
ADDS = _pattern(rf"{_OPENINGS}{_ADJUNCTS}\b")
"""“And on …”, “what about without …”: what such words open is added to what was asked."""

_LEFT_OUT = _one_of(
    "too", "as well", "instead", "either", "neither", "still", "anymore", "else", "same", "such", "another", "others?",
    "afterwards", "meanwhile", "likewise", "in the end", "after all", "already", "yet",
)  # fmt: skip
ELLIPSIS = _pattern(rf"\b{_LEFT_OUT}\b|\b(?:then|there|before|now|again|though)\W*\Z")
"""Words that compare with something that the question leaves out."""

BARE_PREDICATE = _pattern(r"\b(?:help|work|apply|matter|count|suffice|change anything|make a difference)\W*\Z")
"""Verbs that say nothing where nothing says against what."""

_PRONOUNS = _one_of(
    "it", "its", "itself", "they", "them", "their", "theirs", "he", "him", "his", "she", "her", "hers", "those", "these", "this"
)
_DEFINITE = _one_of(
    "same", "other", "latter", "former", "first", "second", "third", "last", "poster", "author", "op", "post", "thread", 
    "reply", "replies", "answer", "workaround", "fix", "error", "problem", "issue", "bug", "person", "guy",
)  # fmt: skip
_ONE = _one_of("the", "that", "this", "which", "first", "second", "third", "last", "other", "earlier", "newer", "of", "with")
POINTS_BACK = _pattern(rf"\b(?:{_PRONOUNS}|the {_DEFINITE}|{_ONE} ones?)\b")
"""Words that stand for something said before. “That” is told from the conjunction by its neighbours (`BEFORE_THAT`)."""
STANDS_FOR = _pattern(rf"\b(?:{_PRONOUNS}|the (?:same|others?|latter|former)|{_ONE} ones?)\b")
"""Those of them that stand for something even in a question that asks for posts."""
BEFORE_THAT = frozenset(
    "is was are were be been does do did can could will would should has have had may might must of with for like about on in "
    "to after before without from by than and or but so if because why how when what".split()
)
"""Words after which “that” stands for something; after a noun or a verb of saying it only joins two clauses."""

KNOWN_THING = _pattern(r"\b(?:the|those|these)\s+[^\W\d]")
OF_A_NAME = re.compile(r"\b[Tt]he (?:\w+ ){1,2}of ([A-Z]\w+)|(?<=\w )([A-Z]\w+)(?=['’]s )")
"""What says whose a thing is, by a name: “the … of Name”, “Name's …”."""
PAST = _pattern(r"\b(?:did|was|were|had|didn't|wasn't|weren't)\b")
FIRST_PERSON = _pattern(r"\b(?:i|i'm|i've|my|we|we're|we've|our|me|us)\b")
"""Who speaks of himself begins a story; a short question that does not asks about the one that was told."""
INTRODUCES = _pattern(r"\ban?\b")
"""“a …” brings in what a “the …” beside it may belong to."""

_FIT = _one_of("possible", "necessary", "safe", "ok", "okay", "allowed", "normal", "true", "enough", "better", "worth", "sense",
               "likely", "a bug", "only")  # fmt: skip
EXPLETIVE = _pattern(
    r"\b(?:is|was|would|will|isn't|does|can) it"
    rf"(?= (?:also |even |ever |really |be |make )?{_FIT}\b.{{0,40}}\b(?:to|that|if|when)\b)"
    r"|\bit(?: is|'s| was| seems| takes| looks)(?= .{0,40}\b(?:to|that|like)\b)|\bthis (?:week|month|year|morning)\b"
)
"""An “it” that stands for nothing."""

NO_SUBJECT = frozenset(
    "about also still too well else other others another same such then now just only ok okay mean means meant help helps "
    "helped work works worked working use uses used using need needs needed like want wants know please thanks thank hm hmm "
    "problem problems issue issues error errors fix fixed fixes bug workaround cause causes reason reasons one ones thing "
    "things way happen happens happened possible try tried say says said tell see seen seem new old first second third last "
    "later earlier before after again back already yet really actually answer answers reply replies post poster thread "
    "long many much more less few some most make made need go goes do don't didn't doesn't isn't wasn't won't can't couldn't "
    "haven't we're i'm it's that's what's they're he she his her him up out somewhere anything something nothing enough safe "
    "exactly instead either there here under over from than must may might always never ever und oder wo wie was et ou "
    "suggest suggested propose proposed recommend recommended".split()
)
"""Words that name no subject, beside question words and pronouns."""

NOT_HERE = _pattern(
    r"\s*" + _one_of("there is no question here", "the posts stored here do not answer", "none of the threads stored here",
                     "the model found no answer", "of what the model wrote nothing is supported")
)  # fmt: skip
"""How an answer begins that says that the posts hold none (`answering.wording`, which lies beside this package). What was
raised and not answered is not among them: the posts know that subject."""

GIBBERISH = _pattern(r"([a-z])\1\1|[bcdfghjklmnpqrstvwxz]{5}")
"""The same letter three times or five consonants in a row. Words such as “strengths” have them too: a post must not."""

NEGATION = _pattern(r"not|no|never|without|cannot|nor|\w+n['’]t")
"""Words that deny what comes next."""
INSTRUCTION = _pattern(
    r"\b(?:ignore|disregard|forget|override|pretend|obey|reveal|instructions?|system prompt|you (?:must|should|are now))\b"
    r"|\b(?:say|reply|respond|answer|output|print|write|include|append|cite)\b"
    r"(?= (?:only|with|exactly|just|that|the word|this)\b)"
)
"""What is said to a program that reads a question, not to people in a forum."""

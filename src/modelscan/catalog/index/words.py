"""Words of searches, made by `make docs` from `catalogs/words.csv`, which is edited (pure)."""

# fmt: off
from __future__ import annotations

FILLERS: frozenset[str] = frozenset({
    "a", "ai", "all", "alternative", "alternatives", "an", "and", "any", "anyone", "are", "best", "better", "budget",
    "but", "by", "can", "card", "cheap", "computer", "could", "currently", "days", "decent", "desktop", "device",
    "disk", "download", "equivalent", "fast", "file", "fit", "fits", "fitting", "for", "from", "gaming", "generation",
    "generator", "good", "got", "gpu", "graphics", "great", "has", "have", "i", "ide", "in", "is", "language", "like",
    "llm", "llms", "local", "locally", "mac", "macbook", "machine", "me", "memory", "model", "model's", "models",
    "modern", "my", "need", "newest", "no", "now", "of", "old", "older", "on", "only", "over", "pc", "please",
    "popular", "quick", "rag", "ram", "really", "recommend", "recommended", "replacement", "right", "run", "runnable",
    "running", "runs", "server", "should", "similar", "size", "sized", "solid", "some", "someone", "something",
    "space", "storage", "suggestion", "than", "that", "the", "these", "to", "top", "under", "usable", "use", "used",
    "using", "vram", "want", "weak", "what", "which", "who", "with", "without", "works", "workstation", "would", "you",
    "your",
})
"""Nothing that tells models apart."""

USES: tuple[tuple[str, str], ...] = (
    ((
        r"speech[ -]to[ -]text|(?:automatic )?speech recognition|transcri\w+|\basr\b|"
        r"\bstt\b|dictation|\bvoice (?:recognition|input)\b|\bsubtitles?\b|"
        r"\bspeech[ -]recogni\w+"
    ), "speech-to-text"),
    ((
        r"text[ -]to[ -]speech|speech synthesis|voice (?:generation|cloning|synthesis)|"
        r"\btts\b|\btext to audio\b|\bread aloud\b|\bspeech generation\b"
    ), "text-to-speech"),
    (r"image[ -]edit\w*|edit\w* images?|photo edit\w*|inpainting", "image-editing"),
    ((
        r"text[ -]to[ -]image|image (?:generation|generator|creation)|generat\w+ images?|"
        r"\bt2i\b|drawing"
    ), "text-to-image"),
    (r"text[ -]to[ -]video|video (?:generation|generator)|generat\w+ videos?|\bt2v\b", "text-to-video"),
    ((
        r"image understanding|vision[ -]language|multi[ -]?modal|\bvlms?\b|"
        r"visual question answering|\bimage captioning\b|\bscreenshots?\b|"
        r"\bimages? recognition\b|\bimages? captions?\b|\bcaption\w*\b"
    ), "vision"),
    (r"\brerank(?:er|ers|ing)?\b|\bcross[ -]encoders?\b", "rerank"),
    ((
        r"(?:\btext )?\bembed(?:d(?:ing|ings|er))?s?\b|sentence similarity|"
        r"semantic search|vector search|feature extraction"
    ), "embed"),
    (r"tool[ -](?:call\w*|use)|function[ -]call\w*", "tools"),
    ((
        r"\bcod(?:e|ing) completion\b|\bcod(?:ing|e)\b|\bprogramming\b|"
        r"software engineering|\bauto[ -]?complet\w+\b|\bfim\b|"
        r"\bfill[ -]in[ -]the[ -]middle\b|\bcode complet\w+\b|\bcopilot\b|\bcodebase\b|"
        r"\brefactor\w*\b"
    ), "coding"),
    (r"\breasoning\b|\bchain of thought\b", "reasoning"),
    (r"\bocr\b|document (?:parsing|reading|understanding)|\bpdfs?\b", "ocr"),
    (r"\bmath(?:s|ematics)?\b", "math"),
    ((
        r"\bsafety\b|\bmoderation\b|\bguardrails?\b|content filter\w*|safety classifier|"
        r"\bclassif\w+ safety\b|\bjailbreak\w*\b|\bprompt injection\b"
    ), "safety"),
    (r"\bmultilingual\b|many languages", "multilingual"),
    (r"\bagent(?:ic|s)?\b", "agentic"),
    (r"\buncensored\b|\babliterated\b", "uncensored"),
    (r"\bmedical\b|\bmedicine\b|\bclinical\b", "medical"),
    (r"\btranslat(?:e|ion|or)\b", "translation"),
    ((
        r"\brole[ -]?play(?:ing|s)?\b|\berp\b|\brp\b|\bcharacter (?:chat|card)s?\b|"
        r"\bstory(?:telling|writing)?\b|\bstories\b"
    ), "roleplay"),
    ((
        r"\b(?:creative )?writing\b|\bsummari[sz]\w+\b|\bchat ?bots?\b|\bassistants?\b|"
        r"\bquestion answering\b|\bbrainstorm\w*\b"
    ), "chat"),
    (r"structured[ -]outputs?|\bjson(?: schema| mode| output)?\b", "structured_output"),
)
"""What a model is for: a task or a tag."""

USES_IN_NAMES: dict[str, str] = {
    "vision": "vision", "visual": "vision", "coder": "coding", "thinking": "reasoning",
}
"""Words of names that are a use where they stand alone."""

LICENSES: tuple[tuple[str, str], ...] = (
    (r"\bapache(?:[ -]?2(?:\.0)?)?(?: licen[cs]ed?)?(?![\w.])", "apache"),
    (r"\bmit(?: licen[cs]ed?)?(?![\w.-])", "mit"),
)
"""How a licence is called, and how it begins."""

SMALL: dict[str, int] = {
    "small": 10_000_000_000, "little": 10_000_000_000, "laptop": 10_000_000_000, "lightweight": 10_000_000_000,
    "cpu": 5_000_000_000, "edge": 5_000_000_000, "mobile": 5_000_000_000, "phone": 5_000_000_000,
    "tiny": 5_000_000_000,
}
"""Sizes in words, and the most parameters that are meant."""

LANGUAGES: frozenset[str] = frozenset({
    "arabic", "chinese", "czech", "danish", "dutch", "english", "finnish", "french", "german", "greek", "hebrew",
    "hindi", "hungarian", "indonesian", "italian", "japanese", "korean", "norwegian", "persian", "polish",
    "portuguese", "romanian", "russian", "spanish", "swedish", "thai", "turkish", "ukrainian", "vietnamese",
})
"""What people speak: beside it `small` is a size."""

MACHINES: dict[str, int] = {
    "dgx spark": 128, "gb10": 128, "strix halo": 128, "framework desktop": 128, "jetson orin nano": 8,
    "jetson agx orin": 64, "jetson thor": 128, "steam deck": 16,
}
"""Machines called by no figure, and their memory in GiB."""

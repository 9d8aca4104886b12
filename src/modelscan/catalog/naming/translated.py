"""Words of other languages in a search, as the English ones that mean the same (pure).

The uses of models and the families that have a name of their own in Chinese; asked only where a query has letters
beyond ASCII.
"""

from __future__ import annotations

import re
import unicodedata

_MEANINGS: tuple[tuple[str, str], ...] = (
    ("语音识别|語音識別|语音转文字|音声認識|음성 인식|reconnaissance vocale|reconocimiento de voz", "asr"),
    ("语音合成|文字转语音|音声合成|음성 합성|synthese vocale|sintesis de voz", "text to speech"),
    ("文生图|图像生成|画像生成|이미지 생성|generation d.images|generacion de imagenes", "text to image"),
    ("文生视频|视频生成|動画生成|generation de videos?|generacion de videos?", "text to video"),
    ("代码|代碼|编程|コード|코드|codigo|programmation|programacion", "coding"),
    ("嵌入|向量|埋め込み|임베딩", "embedding"),
    ("重排序?|リランク", "rerank"),
    ("文字识别|文档识别|文字認識", "ocr"),
    ("多模态|视觉|視覚|マルチモーダル|multimodale?|vision artificial", "vision"),
    ("推理|推論|추론|razonamiento|raisonnement", "reasoning"),
    ("翻译|翻譯|翻訳|번역|traduccion|traduction|traducao|ubersetz\\w+", "translation"),
    ("数学|數學|mathematiques|matematicas", "math"),
    ("医疗|医学|医療|medizinisch\\w*|medicina", "medical"),
    ("多语言|多語言|多言語|multilingue", "multilingual"),
    ("小(?=模型)", "small"),
    ("大?(?:语言)?模型|モデル|모델|(?:grands? )?modeles?(?: de)?(?: langage)?|modelos?(?: de)?(?: lenguaje)?", ""),
    ("通义千问|通義千問|千问|通义", "qwen"),
    ("深度求索", "deepseek"),
    ("智谱|智譜", "glm"),
    ("文心(?:一言)?", "ernie"),
    ("混元", "hunyuan"),
    ("书生", "internlm"),
    ("百川", "baichuan"),
    ("豆包", "doubao"),
    ("月之暗面", "kimi"),
    ("零一万物", "yi"),
)


def in_english(text: str) -> str:
    """A query in lower case, without accents, with the words above as English ones; the rest stays."""
    # Only the Latin script is read without its marks: elsewhere they are letters.
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not "\u0300" <= letter <= "\u036f")
    found = unicodedata.normalize("NFC", plain)
    for pattern, meaning in _MEANINGS:
        found = re.sub(pattern, f" {meaning} ", found)
    return found

"""An embedding class as teams write them, to the names of `app.models.base`; tests run it as it is."""

from app.models.base import EmbeddingModel


class LetterEmbedding(EmbeddingModel):
    owned_by = "the letters team"
    capabilities = ["text-embedding"]
    thread_safe = True

    def __init__(self, hf_repo_id: str, device: str = "cpu", cache_dir: str | None = None, **kwargs):
        self.dim = 26
        self.hf_repo_id, self.device, self.cache_dir, self.kwargs = hf_repo_id, device, cache_dir, kwargs

    def embed(self, texts: list[str], cancel_event=None):
        scale = float(self.kwargs.get("scale", 1))
        return [[scale * text.lower().count(chr(97 + number)) for number in range(self.dim)] for text in texts]

    def count_tokens(self, texts: list[str]) -> int:
        return sum(len(text.split()) for text in texts)

"""Machines and models for the tables of the tests: facts of real ones, written out."""

from __future__ import annotations

from modelscan.hardware.described import describe_hardware
from modelscan.hubs.families import shipped_families
from modelscan.model import Architecture, Hardware, Weights, WeightsDescription
from modelscan.model import Model as CatalogModel
from modelscan.planning.options.facts import PlanningFacts, load_facts
from modelscan.storage.shipped import shipped_text

FACTS: PlanningFacts = load_facts(shipped_text)


def machine(spec: str) -> Hardware:
    return describe_hardware(spec, FACTS.gpus)


def new_shape(**values: object) -> Architecture:
    """With what the families of its model types are known for."""
    return shipped_families().recognized(Architecture(**values))  # type: ignore[arg-type]


def llama(**changes: object) -> Architecture:
    """Llama-3.1-8B, unless changed."""
    values: dict[str, object] = {
        "architectures": ("LlamaForCausalLM",),
        "model_type": "llama",
        "num_hidden_layers": 32,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "vocab_size": 128256,
        "max_position_embeddings": 131072,
        "tie_word_embeddings": False,
        "dtype": "bfloat16",
        "total_parameters": 8_030_261_248,
    }
    return new_shape(**(values | changes))


DEEPSEEK_CODER = llama(
    intermediate_size=11008,
    num_key_value_heads=32,
    vocab_size=32256,
    max_position_embeddings=16384,
    total_parameters=6_740_512_768,
)
QWEN3_32B = llama(
    model_type="qwen3",
    num_hidden_layers=64,
    hidden_size=5120,
    intermediate_size=25600,
    num_attention_heads=64,
    vocab_size=151936,
    max_position_embeddings=40960,
    total_parameters=32_762_123_264,
)
DEEPSEEK_R1 = new_shape(
    model_type="deepseek_v3",
    num_hidden_layers=61,
    hidden_size=7168,
    intermediate_size=18432,
    num_attention_heads=128,
    num_key_value_heads=128,
    vocab_size=129280,
    max_position_embeddings=163840,
    tie_word_embeddings=False,
    num_experts=256,
    num_experts_per_token=8,
    moe_intermediate_size=2048,
    num_shared_experts=1,
    first_dense_layers=3,
    q_lora_rank=1536,
    kv_lora_rank=512,
    qk_nope_head_dim=128,
    qk_rope_head_dim=64,
    v_head_dim=128,
    quant_method="fp8",
    quant_bits=8,
    total_parameters=671_026_419_200,
)
DEMO = llama(
    num_hidden_layers=4,
    hidden_size=192,
    intermediate_size=512,
    num_attention_heads=3,
    num_key_value_heads=1,
    head_dim=64,
    vocab_size=1024,
    max_position_embeddings=2048,
    tie_word_embeddings=True,
    total_parameters=1_800_000,
)


def weights(
    repo_id: str, shape: Architecture | None, quantization: str = "BF16", **changes: object
) -> WeightsDescription:
    values: dict[str, object] = {
        "source": "huggingface",
        "repo_id": repo_id,
        "location": repo_id,
        "architecture": shape,
        "quantization": quantization,
        "official": True,
    }
    return WeightsDescription(**(values | changes))  # type: ignore[arg-type]


def model(model_id: str, *options: WeightsDescription, **changes: object) -> CatalogModel:
    known = tuple(Weights(source=item.source, repo_id=item.repo_id, quantization=item.quantization) for item in options)
    values: dict[str, object] = {"id": model_id, "name": model_id, "weights": known, "open_weights": True}
    return CatalogModel(**(values | changes))  # type: ignore[arg-type]

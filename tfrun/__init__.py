"""tfrun: from a few labelled examples to a TensorFlow model that can be trusted in production.

The public names load on first use, so that `import tfrun` costs nothing and never imports TensorFlow.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from tfrun.config.check import check as check
    from tfrun.config.load import load as load
    from tfrun.config.problems import ConfigError as ConfigError
    from tfrun.config.problems import DataError as DataError
    from tfrun.config.problems import Problem as Problem
    from tfrun.config.problems import RunError as RunError
    from tfrun.config.problems import TfrunError as TfrunError
    from tfrun.experiment import Experiment as Experiment
    from tfrun.further import add_exports as add_exports
    from tfrun.record.result import Result as Result
    from tfrun.run import check_data as check_data
    from tfrun.run import resume as resume
    from tfrun.run import run as run

_HOME = {
    "Experiment": "tfrun.experiment",
    "load": "tfrun.config.load",
    "check": "tfrun.config.check",
    "check_data": "tfrun.run",
    "Checks": "tfrun.checks",
    "run": "tfrun.run",
    "resume": "tfrun.run",
    "add_exports": "tfrun.further",
    "Result": "tfrun.record.result",
    "Problem": "tfrun.config.problems",
    "TfrunError": "tfrun.config.problems",
    "ConfigError": "tfrun.config.problems",
    "RunError": "tfrun.config.problems",
    "DataError": "tfrun.config.problems",
    "ImageFolder": "tfrun.dataset.image_folder",
    "Fashion": "tfrun.dataset.fashion",
    "Flights": "tfrun.dataset.flights",
    "Csv": "tfrun.dataset.csv",
    "Parquet": "tfrun.dataset.parquet",
    "Arrays": "tfrun.dataset.arrays",
    "TFRecord": "tfrun.dataset.tfrecord",
    "TFDS": "tfrun.dataset.tfds",
    "Python": "tfrun.dataset.python",
    "AudioFolder": "tfrun.dataset.audio_folder",
    "TextFolder": "tfrun.dataset.text_folder",
    "Sentiment": "tfrun.dataset.sentiment",
    "AudioAugment": "tfrun.augment.audio",
    "WordDropout": "tfrun.augment.word_dropout",
    "NoAugment": "tfrun.augment.none",
    "Light": "tfrun.augment.light",
    "RandAugment": "tfrun.augment.randaugment",
    "Mixup": "tfrun.augment.mixup",
    "CutMix": "tfrun.augment.cutmix",
    "FeatureStore": "tfrun.store",
    "Group": "tfrun.training",
    "Auto": "tfrun.transform.auto",
    "Audio": "tfrun.transform.audio",
    "Text": "tfrun.transform.text",
    "Image": "tfrun.transform.image",
    "Table": "tfrun.transform.table",
    "Tft": "tfrun.transform.tft",
    "Vector": "tfrun.transform.vector",
    "Hub": "tfrun.backbone.hub",
    "NoBackbone": "tfrun.backbone.none",
    "Linear": "tfrun.head.linear",
    "Conv": "tfrun.head.conv",
    "Mlp": "tfrun.head.mlp",
    "WideAndDeep": "tfrun.head.wide_and_deep",
    "Adam": "tfrun.optimizer.adam",
    "AdamW": "tfrun.optimizer.adamw",
    "Sgd": "tfrun.optimizer.sgd",
    "RmsProp": "tfrun.optimizer.rmsprop",
    "Constant": "tfrun.schedule.constant",
    "Cosine": "tfrun.schedule.cosine",
    "Step": "tfrun.schedule.step",
    "Frozen": "tfrun.training.frozen",
    "Finetune": "tfrun.training.finetune",
    "FrozenThenFinetune": "tfrun.training.frozen_then_finetune",
    "OneDevice": "tfrun.strategy.one_device",
    "Mirrored": "tfrun.strategy.mirrored",
    "MultiWorker": "tfrun.strategy.multi_worker",
    "ParameterServer": "tfrun.strategy.parameter_server",
    "TPU": "tfrun.strategy.tpu",
    "Standard": "tfrun.evaluation.standard",
    "SavedModel": "tfrun.export.saved_model",
    "Serving": "tfrun.export.serving",
    "TFLite": "tfrun.export.tflite",
    "TFJS": "tfrun.export.tfjs",
    "LiteRTJS": "tfrun.export.litertjs",
    "ONNX": "tfrun.export.onnx",
    "NoGate": "tfrun.gate.none",
    "Thresholds": "tfrun.gate.thresholds",
    "MLflow": "tfrun.tracking.mlflow",
    "NoTracking": "tfrun.tracking.none",
}
__all__ = ["__version__", *_HOME]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module 'tfrun' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """Importing the module `tfrun.run` must not hide the function of that name that users import from here."""

    def __setattr__(self, name: str, value) -> None:
        super().__setattr__(name, value.run if name == "run" and isinstance(value, ModuleType) else value)


sys.modules[__name__].__class__ = _Package

"""Writes event files with TensorBoard's own writer, in the forms of several libraries.

Neither torch nor TensorFlow is installed with the tests. What they write is known to the byte from
their sources: the same protocol buffers, through the writer that TensorBoard has itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter


class Writer:
    """One event file; wall times count up from ``at`` by a second an event."""

    def __init__(self, folder: Path, suffix: str = "", at: float = 1_700_000_000.0) -> None:
        self._writer = EventFileWriter(str(folder), filename_suffix=suffix)
        self._at = at

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def add(self, event: Event) -> None:
        self._at += 1
        event.wall_time = self._at
        self._writer.add_event(event)

    def add_value(self, value: Summary.Value, step: int = 0) -> None:
        self.add(Event(step=step, summary=Summary(value=[value])))

    def scalar(self, tag: str, value: float, step: int) -> None:
        """As torch, TensorFlow 1 and the Trainer write it."""
        self.add_value(Summary.Value(tag=tag, simple_value=value), step)

    def scalars(self, tag: str, values: Iterable[float], start: int = 1) -> None:
        for step, value in enumerate(values, start):
            self.scalar(tag, value, step)

    def tensor(self, tag: str, value: float, step: int, *, named: bool = True) -> None:
        """As TensorFlow 2 and Keras write it; only the first value need name the plugin."""
        tensor = TensorProto(dtype=1, tensor_shape=TensorShapeProto(), float_val=[value])
        self.add_value(
            Summary.Value(tag=tag, tensor=tensor, metadata=_of("scalars") if named else None), step
        )

    def text(self, tag: str, text: str, step: int = 0) -> None:
        """As torch's ``add_text`` writes it, which adds ``/text_summary`` to the tag."""
        shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
        tensor = TensorProto(dtype=7, string_val=[text.encode()], tensor_shape=shape)
        value = Summary.Value(tag=f"{tag}/text_summary", tensor=tensor, metadata=_of("text"))
        self.add_value(value, step)

    def restart(self, step: int) -> None:
        """As ``SummaryWriter(purge_step=…)`` begins."""
        self.add(Event(step=step, session_log=SessionLog(status=SessionLog.START)))

    def experiment(self, **fields: Any) -> None:
        """As ``hparams_config`` of the plugin writes it."""
        self._add_record("experiment", experiment=api_pb2.Experiment(**fields))

    def start(self, params: dict[str, Any], **fields: Any) -> None:
        """As the plugin's Keras callback begins."""
        info = plugin_data_pb2.SessionStartInfo(**fields)
        for name, value in params.items():
            if isinstance(value, bool):
                info.hparams[name].bool_value = value
            elif isinstance(value, str):
                info.hparams[name].string_value = value
            else:
                info.hparams[name].number_value = value
        self._add_record("session_start_info", session_start_info=info)

    def start_like_torch(self, params: dict[str, Any]) -> None:
        """``add_hparams`` sets no time and says "success" at once."""
        self.start(params)
        self.end(api_pb2.STATUS_SUCCESS)

    def end(self, status: int, ended: float | None = None) -> None:
        info = plugin_data_pb2.SessionEndInfo(status=status, end_time_secs=ended)
        self._add_record("session_end_info", session_end_info=info)

    def _add_record(self, name: str, **record: Any) -> None:
        self.record(name, plugin_data_pb2.HParamsPluginData(**record).SerializeToString())

    def record(self, name: str, content: bytes) -> None:
        """A record of the hparams plugin, which stands in the metadata of a value."""
        plugin = SummaryMetadata.PluginData(plugin_name="hparams", content=content)
        metadata = SummaryMetadata(plugin_data=plugin)
        self.add_value(Summary.Value(tag=f"_hparams_/{name}", metadata=metadata))


def _of(plugin: str) -> SummaryMetadata:
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin))


def write(folder: Path, **series: Iterable[float]) -> Path:
    """A folder with one event file; ``eval__f1`` is the tag ``eval/f1``."""
    with Writer(folder) as writer:
        for tag, values in series.items():
            writer.scalars(tag.replace("__", "/"), values)
    return folder

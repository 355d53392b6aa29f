"""Sends every recording to both versions, for ever."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from speechtrt.console import note
from speechtrt.deploy.shadow.client import Client
from speechtrt.deploy.shadow.counts import Counts, Track
from speechtrt.errors import RequestError
from speechtrt.models.evaluation.utterances import EvaluationUtterance
from speechtrt.models.word_errors import word_errors

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Shadow:
    """Recordings in turn, and a client for each version."""

    utterances: Sequence[EvaluationUtterance]
    clients: Mapping[Track, Client]
    counts: Counts

    def say(self, number: int) -> None:
        """Send the recording whose turn it is; a version that does not answer is counted."""
        utterance = self.utterances[number % len(self.utterances)]
        for track, client in self.clients.items():
            try:
                heard = client.transcribe(utterance.path)
            except RequestError as error:
                note(str(error))
                self.counts.failures.labels(track).inc()
            else:
                found = word_errors([(utterance.text, heard)])
                self.counts.count(track, utterance.dialect or UNKNOWN, found)

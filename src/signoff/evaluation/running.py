"""Running an evaluation: every case is read as an execution would be, and nothing is delivered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

from signoff.calibration import confidence_model
from signoff.documents.model import Document
from signoff.documents.parsing import open_document, parse_files
from signoff.documents.validation import check_files
from signoff.errors import SignoffError, UnfinishedExtractionError
from signoff.evaluation.cases import Case, read_cases
from signoff.evaluation.comparison import compare
from signoff.evaluation.regressions import Regressions, compare_reports
from signoff.evaluation.scores import CaseResult, Report, summarize
from signoff.executions.extractions import Extraction, Iteration
from signoff.executions.models import AgentRevision, StoredFile
from signoff.extraction.assessment import extract_assessed
from signoff.extraction.assignment import Assignment
from signoff.extraction.confidence import ConfidenceModel
from signoff.extraction.readers import Readers
from signoff.settings import Settings
from signoff.storage import evaluations
from signoff.storage.evaluations import Evaluation
from signoff.storage.progress import ParsedRecord
from signoff.storage.store import Store

AT_ONCE = 4
"""Cases read at the same time at the most: reading mostly waits for a model."""

Progress = Callable[[CaseResult, int, int], None]


@dataclass(frozen=True)
class Outcome:
    """A finished evaluation; ``earlier`` is the one that it was compared with, if any."""

    evaluation: Evaluation
    report: Report
    results: Sequence[CaseResult]
    earlier: Evaluation | None = None
    regressions: Regressions | None = None


def evaluate(
    store: Store,
    revision: AgentRevision,
    folder: Path,
    *,
    readers: Readers,
    partial: bool = False,
    against: int | None = None,
    id: UUID | None = None,
    progress: Progress = lambda result, done, total: None,
) -> Outcome:
    """Read a folder of documents whose data is known, and compare.

    Args:
        store: the record; parsed files are shared with executions.
        revision: of the agent.
        folder: see :mod:`signoff.evaluation.cases`.
        readers: who reads.
        partial: do not judge what the expected data does not name.
        against: number of the earlier evaluation to compare with; the last one on this folder
            by default.
        id: of an evaluation that was begun and broken off: what it has read is not read again.
        progress: called with each result, the number of cases done, and of all.

    Raises:
        InvalidInputError: the folder has no cases, or expected data cannot be read.
        NotFoundError: there is no evaluation ``against``.
    """
    folder = folder.expanduser().resolve()
    cases = read_cases(folder)
    with store.database.transaction() as session:
        compared = evaluations.get(session, against) if against is not None else None
        evaluation = evaluations.begin(session, revision, folder=str(folder), id=id)
        known = evaluations.cases(session, evaluation.id)
    calibration = confidence_model(store, revision)
    results = {result.name: result for result in map(CaseResult.model_validate, known)}
    done = len(results)
    waiting = [case for case in cases if case.name not in results]
    for result in _read_all(store, revision, waiting, readers, calibration, partial=partial):
        results[result.name] = result
        done += 1
        with store.database.transaction() as session:
            evaluations.add_case(
                session,
                evaluation.id,
                name=result.name,
                result=result.model_dump(mode="json"),
            )
        progress(result, done, len(cases))
    ordered = [results[name] for name in sorted(results)]
    report = summarize(
        ordered,
        agent=revision.agent.name,
        agent_revision=revision.revision,
        reader=_reader_name(ordered),
        folder=str(folder),
        partial=partial,
    )
    with store.database.transaction() as session:
        evaluations.finish(session, evaluation.id, report.model_dump(mode="json"))
        earlier = compared or evaluations.earlier(session, evaluation)
        before = evaluations.cases(session, earlier.id) if earlier else []
    regressions = None
    if earlier is not None:
        regressions = compare_reports(
            Report.model_validate(earlier.report),
            report,
            before=[CaseResult.model_validate(result) for result in before],
            after=ordered,
        )
    return Outcome(evaluation, report, ordered, earlier, regressions)


def _read_all(
    store: Store,
    revision: AgentRevision,
    cases: Sequence[Case],
    readers: Readers,
    calibration: ConfidenceModel,
    *,
    partial: bool,
) -> Iterator[CaseResult]:
    with ThreadPoolExecutor(_at_once(store.settings), "signoff-evaluate") as threads:
        futures = [
            threads.submit(_read_case, store, revision, case, readers, calibration, partial=partial)
            for case in cases
        ]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            # an interrupt: what is running ends, the rest is not begun
            for future in futures:
                future.cancel()
            raise


def _at_once(settings: Settings) -> int:
    # more cases than calls would wait for each other, and their time runs meanwhile
    models = [*settings.models, *filter(None, [settings.challenger])]
    return min([AT_ONCE, *(model.concurrency for model in models)])


def _read_case(
    store: Store,
    revision: AgentRevision,
    case: Case,
    readers: Readers,
    calibration: ConfidenceModel,
    *,
    partial: bool,
) -> CaseResult:
    agent, record = revision.agent, _Iterations()
    schema = agent.data_schema or {}
    extraction: Extraction | None = None
    started, problem = time.monotonic(), ""
    try:
        extraction = extract_assessed(
            Assignment.of(
                agent,
                instructions=agent.instructions,
                documents=_open(store, case),
                input_data=case.input_data,
                seconds=store.settings.extraction_timeout,
            ),
            readers=readers,
            record=record,
            calibration=calibration,
        )
    except UnfinishedExtractionError as error:
        extraction, problem = error.best, f"{error.code}: {error}"
    except SignoffError as error:
        problem = f"{error.code}: {error}"
    costs = [turn.cost for turn in record.turns]
    return CaseResult(
        name=case.name,
        comparisons=compare(
            case.expected, extraction.data if extraction else {}, schema=schema, partial=partial
        ),
        extraction=extraction,
        error=problem,
        prompt_tokens=sum(turn.prompt_tokens for turn in record.turns),
        completion_tokens=sum(turn.completion_tokens for turn in record.turns),
        cost=None if None in costs else sum(filter(None, costs), Decimal(0)),
        seconds=time.monotonic() - started,
    )


def _open(store: Store, case: Case) -> list[Document]:
    settings = store.settings
    checked = check_files(
        [(path.name, path) for path in case.files], max_bytes=settings.max_input_bytes
    )
    stored = []
    for number, file in enumerate(checked, start=1):
        blob = store.files.put_file(file.path)
        stored.append(
            StoredFile(
                id=uuid4(),
                number=number,
                name=file.name,
                media_type=file.media_type,
                size=blob.size,
                sha256=blob.sha256,
            )
        )
    infos = parse_files(
        stored, store=store.files, parsed=ParsedRecord(store.database), settings=settings
    )
    return [open_document(info, store=store.files, settings=settings) for info in infos]


def _reader_name(results: Sequence[CaseResult]) -> str:
    names = dict.fromkeys(result.extraction.model for result in results if result.extraction)
    return ", ".join(names) or "none"


class _Iterations:
    """The turns of one case. Cases are short: one that is broken off is read anew."""

    def __init__(self) -> None:
        self.turns: list[Iteration] = []

    def load(self) -> list[Iteration]:
        return list(self.turns)

    def append(self, iteration: Iteration) -> None:
        self.turns.append(iteration)

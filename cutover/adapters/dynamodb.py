"""The Ledger port: DynamoDB for records that change, S3 for manifests; every write checks the fence of the lease."""

from cutover.adapters.items import Items, body, fenced
from cutover.adapters.leases import Leases
from cutover.adapters.session import Session, aws_errors, error_code
from cutover.config.schema import Records
from cutover.domain import Allocation, Execution, JournalEvent, Manifest, Measurement, Release, Request, RequestKind
from cutover.domain.errors import Refused, TransientFailure
from cutover.domain.frozen import Frozen, canonical_json
from cutover.ports import Clock, HookResult, HookStatus, Lease

_ALLOCATION = "allocation"
_ATTEMPTS = 5
"""Number of attempts to record a request; each attempt takes the next free sequence number."""


class DynamoLedger:
    """Implements `cutover.ports.Ledger`; keys are `pk` = APPLICATION#ENVIRONMENT and `sk` = KIND#NAME."""

    def __init__(
        self,
        session: Session,
        records: Records,
        application: str,
        environment: str,
        clock: Clock,
    ) -> None:
        partition = f"{application}#{environment}"
        self._session, self._bucket, self._clock = session, records.artifact_bucket, clock
        self._deployments = Items(session, records.deployments_table, partition)
        self._executions = Items(session, records.executions_table, partition)
        self._leases = Leases(session, self._executions, (application, environment), clock, records.lease)
        self._stored: set[str] = set()

    def acquire(self, holder: str, execution_id: str) -> Lease:
        """See `cutover.ports.Ledger`."""
        return self._leases.acquire(holder, execution_id)

    def renew(self, lease: Lease) -> Lease:
        """See `cutover.ports.Ledger`."""
        return self._leases.renew(lease)

    def release_lease(self, lease: Lease) -> None:
        """See `cutover.ports.Ledger`."""
        self._leases.give_back(lease)

    def current_lease(self) -> Lease | None:
        """See `cutover.ports.Ledger`."""
        return self._leases.current()

    def write(self, lease: Lease, execution: Execution, event: JournalEvent) -> None:
        """See `cutover.ports.Ledger`."""
        head = self._executions.put(
            f"execution#{execution.execution_id}",
            execution,
            status=execution.status.value,
            phase=execution.phase.value,
            release=execution.candidate.release,
        )
        line = self._executions.put(
            _numbered("journal", event.execution_id, event.seq), event, only_new=True, kind=event.kind
        )
        fenced(self._session, self._executions, lease, [head, line])

    def execution(self, execution_id: str) -> Execution | None:
        """See `cutover.ports.Ledger`."""
        item = self._executions.get(f"execution#{execution_id}")
        return body(item, Execution) if item else None

    def latest_execution(self) -> Execution | None:
        """See `cutover.ports.Ledger`."""
        return next(iter(self.executions(1)), None)

    def executions(self, limit: int) -> tuple[Execution, ...]:
        """See `cutover.ports.Ledger`."""
        items = self._executions.query("execution#", newest_first=True, limit=limit)
        return tuple(body(item, Execution) for item in items)

    def journal(self, execution_id: str) -> tuple[JournalEvent, ...]:
        """See `cutover.ports.Ledger`."""
        items = self._executions.query(f"journal#{execution_id}#", newest_first=False)
        return tuple(body(item, JournalEvent) for item in items)

    def add_request(self, execution_id: str, kind: RequestKind, by: str, reason: str) -> Request:
        """See `cutover.ports.Ledger`."""
        for _ in range(_ATTEMPTS):
            head = self.execution(execution_id)
            if head is None or head.finished:
                raise Refused(
                    f"NOTHING_TO_{kind.name}", f"the execution {execution_id} is not in progress", "cutover status"
                )
            newest = self._newest_request(execution_id)
            if newest is not None and (newest.kind, newest.step_index) == (kind, head.step_index):
                return newest
            request = Request(
                execution_id=execution_id,
                seq=newest.seq + 1 if newest else 1,
                kind=kind,
                step_index=head.step_index,
                by=by,
                reason=reason,
                at=self._clock.now(),
            )
            key = _numbered("request", execution_id, request.seq)
            if self._executions.put_new(key, request, kind=kind.value, by=by):
                return request
        raise TransientFailure(
            "RECORDS_BUSY", f"other requests to {execution_id} are recorded at the same time; run the command again"
        )

    def requests(self, execution_id: str, after: int) -> tuple[Request, ...]:
        """See `cutover.ports.Ledger`."""
        requests = (
            body(item, Request) for item in self._executions.query(f"request#{execution_id}#", newest_first=False)
        )
        return tuple(request for request in requests if request.seq > after)

    def put_measurement(self, lease: Lease, measurement: Measurement) -> None:
        """See `cutover.ports.Ledger`."""
        key = _numbered("measurement", measurement.execution_id, measurement.seq)
        write = self._executions.put(key, measurement, only_new=True, gate=measurement.gate)
        fenced(self._session, self._executions, lease, [write])

    def measurements(self, execution_id: str) -> tuple[Measurement, ...]:
        """See `cutover.ports.Ledger`."""
        items = self._executions.query(f"measurement#{execution_id}#", newest_first=False)
        return tuple(body(item, Measurement) for item in items)

    def put_hook_answer(self, callback_id: str, status: HookStatus, message: str) -> None:
        """See `cutover.ports.Ledger`."""
        answer = _HookAnswer(status=status, message=message)
        if self._executions.put_new(f"hook#{callback_id}", answer):
            return
        earlier = self.hook_answer(callback_id)
        if earlier is not None and earlier.status != status:
            message = f"the hook {callback_id} has already answered {earlier.status}"
            raise Refused("HOOK_ANSWERED", message, "cutover status")

    def hook_answer(self, callback_id: str) -> HookResult | None:
        """See `cutover.ports.Ledger`."""
        item = self._executions.get(f"hook#{callback_id}")
        if item is None:
            return None
        answer = body(item, _HookAnswer)
        return HookResult(answer.status, answer.message)

    def _newest_request(self, execution_id: str) -> Request | None:
        items = self._executions.query(f"request#{execution_id}#", newest_first=True, limit=1)
        return next((body(item, Request) for item in items), None)

    def allocation(self) -> Allocation:
        """See `cutover.ports.Ledger`."""
        item = self._deployments.get(_ALLOCATION)
        return body(item, Allocation) if item else Allocation()

    def put_allocation(self, lease: Lease, allocation: Allocation) -> None:
        """See `cutover.ports.Ledger`."""
        write = self._deployments.put(_ALLOCATION, allocation)
        fenced(self._session, self._executions, lease, [write])

    def release(self, release: str) -> Release | None:
        """See `cutover.ports.Ledger`."""
        item = self._deployments.get(f"release#{release}")
        return body(item, Release) if item else None

    def releases(self) -> tuple[Release, ...]:
        """See `cutover.ports.Ledger`."""
        releases = [body(item, Release) for item in self._deployments.query("release#", newest_first=False)]
        return tuple(sorted(releases, key=lambda release: release.created_at, reverse=True))

    def put_release(self, lease: Lease, release: Release) -> None:
        """See `cutover.ports.Ledger`."""
        # Store the manifest first, so that no record names a digest that is not stored.
        self._store(release.manifest)
        write = self._deployments.put(
            f"release#{release.ref.release}", release, version=release.ref.version, state=release.state.value
        )
        fenced(self._session, self._executions, lease, [write])

    def _store(self, manifest: Manifest) -> None:
        from botocore.exceptions import ClientError

        digest = manifest.digest
        if digest in self._stored:
            return
        with aws_errors("PutObject"):
            try:
                self._session.s3.put_object(
                    Bucket=self._bucket,
                    Key=f"manifests/{digest}.json",
                    Body=canonical_json(manifest).encode(),
                    ContentType="application/json",
                    IfNoneMatch="*",
                )
            except ClientError as error:
                # The manifest is stored already: its name is its digest, so the content is the same.
                if error_code(error) not in ("PreconditionFailed", "ConditionalRequestConflict"):
                    raise
        self._stored.add(digest)


def _numbered(kind: str, execution_id: str, seq: int) -> str:
    return f"{kind}#{execution_id}#{seq:06d}"


class _HookAnswer(Frozen):
    status: HookStatus
    message: str

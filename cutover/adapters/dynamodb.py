"""The Ledger port: DynamoDB for records that change, S3 for manifests; every write checks the fence of the lease."""

from cutover.adapters.records.executions import Executions
from cutover.adapters.records.items import Items
from cutover.adapters.records.leases import LEASE, Leases
from cutover.adapters.records.measurements import Measurements
from cutover.adapters.records.releases import Releases
from cutover.adapters.records.requests import Requests
from cutover.adapters.records.secrets import used_secrets
from cutover.adapters.records.transactions import transact
from cutover.adapters.session import Session, aws_errors, error_code
from cutover.config.schema import Records
from cutover.domain import (
    Allocation,
    Control,
    EngineRuns,
    EnvironmentRecord,
    Execution,
    GoodReleases,
    JournalEvent,
    Manifest,
    Measurement,
    Release,
    ReleaseState,
    Request,
    WeightsChange,
)
from cutover.domain.frozen import canonical_json
from cutover.domain.secret import SecretVersion
from cutover.ports import Changes, Clock, HookResult, HookStatus, Lease, LeaseRecord


class DynamoLedger:
    """Implements `cutover.ports.Ledger`; each method but `commit` belongs to one module of `records`."""

    def __init__(
        self,
        session: Session,
        records: Records,
        application: str,
        environment: str,
        clock: Clock,
    ) -> None:
        partition = f"{application}#{environment}"
        self._session, self._bucket, self._table = session, records.artifact_bucket, records.executions_table
        executions = Items(session, records.executions_table, partition)
        deployments = Items(session, records.deployments_table, partition)
        self._leases = Leases(session, executions, (application, environment), clock)
        self._executions = Executions(executions)
        self._requests = Requests(session, executions)
        self._measurements = Measurements(session, executions, self._leases)
        self._releases = Releases(session, deployments, self._leases)
        self._stored: set[str] = set()

    def lease(self) -> LeaseRecord | None:
        """See `cutover.ports.Ledger`."""
        return self._leases.current()

    def take(self, holder: str, seen: LeaseRecord | None) -> Lease:
        """See `cutover.ports.Ledger`."""
        return self._leases.take(holder, seen)

    def renew(self, lease: Lease) -> None:
        """See `cutover.ports.Ledger`."""
        self._leases.renew(lease)

    def give_back(self, lease: Lease) -> None:
        """See `cutover.ports.Ledger`."""
        self._leases.give_back(lease)

    def commit(self, lease: Lease, execution: Execution, event: JournalEvent, changes: Changes) -> None:
        """See `cutover.ports.Ledger`."""
        if changes.releases or changes.good:
            self._releases.upgrade(lease)
        for release in changes.releases:
            # Store the manifest first, so that no record names a digest that is not stored.
            if release.state is ReleaseState.CREATING:
                self._store(release.manifest)
        writes = {
            LEASE: self._leases.check(lease),
            **self._executions.writes(execution, event),
            **self._releases.writes(changes),
        }
        if failed := transact(self._session, self._table, writes):
            self._executions.explain(failed, lease, event)
        self._executions.written(execution)
        self._releases.written(changes.releases)

    def execution(self, execution_id: str) -> Execution | None:
        """See `cutover.ports.Ledger`."""
        return self._executions.get(execution_id)

    def latest_execution(self) -> Execution | None:
        """See `cutover.ports.Ledger`."""
        return self._executions.latest()

    def executions(self, limit: int) -> tuple[Execution, ...]:
        """See `cutover.ports.Ledger`."""
        return self._executions.newest_first(limit)

    def journal(self, execution_id: str) -> tuple[JournalEvent, ...]:
        """See `cutover.ports.Ledger`."""
        return self._executions.journal(execution_id)

    def weight_changes(self, limit: int) -> tuple[WeightsChange, ...]:
        """See `cutover.ports.Ledger`."""
        return self._executions.weight_changes(limit)

    def control(self, execution_id: str) -> Control:
        """See `cutover.ports.Ledger`."""
        return self._requests.control(execution_id)

    def put_request(self, execution_id: str, request: Request) -> Control:
        """See `cutover.ports.Ledger`."""
        return self._requests.put(execution_id, request)

    def put_measurement(self, lease: Lease, measurement: Measurement) -> None:
        """See `cutover.ports.Ledger`."""
        self._measurements.put(lease, measurement)

    def measurements(self, execution_id: str) -> tuple[Measurement, ...]:
        """See `cutover.ports.Ledger`."""
        return self._measurements.all_of(execution_id)

    def put_hook_answer(self, callback_id: str, status: HookStatus, message: str) -> None:
        """See `cutover.ports.Ledger`."""
        self._requests.put_hook_answer(callback_id, status, message)

    def hook_answer(self, callback_id: str) -> HookResult | None:
        """See `cutover.ports.Ledger`."""
        return self._requests.hook_answer(callback_id)

    def allocation(self) -> Allocation:
        """See `cutover.ports.Ledger`."""
        return self._releases.allocation()

    def environment(self) -> EnvironmentRecord | None:
        """See `cutover.ports.Ledger`."""
        return self._releases.environment()

    def put_environment(self, record: EnvironmentRecord) -> None:
        """See `cutover.ports.Ledger`."""
        self._releases.put_environment(record)

    def forget_environment(self) -> None:
        """See `cutover.ports.Ledger`."""
        self._releases.forget_environment()

    def engine_runs(self, stack: str) -> EngineRuns:
        """The last runs of Pulumi's engine that updated the stack, the newest last."""
        return self._releases.engine_runs(stack)

    def put_engine_runs(self, stack: str, runs: EngineRuns) -> None:
        """Record the runs that updated the stack, and the one that updates it now."""
        self._releases.put_engine_runs(stack, runs)

    def good(self) -> GoodReleases:
        """See `cutover.ports.Ledger`."""
        return self._releases.good()

    def release(self, release: str) -> Release | None:
        """See `cutover.ports.Ledger`."""
        return self._releases.get(release)

    def other_environments(self) -> tuple[str, ...]:
        """See `cutover.ports.Ledger`."""
        return self._releases.other_environments()

    def standing(self) -> tuple[Release, ...]:
        """See `cutover.ports.Ledger`."""
        return self._releases.standing()

    def used_secrets(self) -> frozenset[SecretVersion]:
        """See `cutover.ports.Ledger`."""
        return used_secrets(self._session, self._releases.table)

    def releases(self, limit: int) -> tuple[Release, ...]:
        """See `cutover.ports.Ledger`."""
        return self._releases.newest_first(limit)

    def releases_of(self, version: str) -> tuple[Release, ...]:
        """See `cutover.ports.Ledger`."""
        return self._releases.of_version(version)

    def releases_with(self, digest: str) -> tuple[Release, ...]:
        """See `cutover.ports.Ledger`."""
        return self._releases.with_digest(digest)

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

"""The provider as the engine talks to it: Pulumi's ResourceProvider protocol over gRPC.

https://github.com/pulumi/pulumi/blob/v3.259.0/proto/pulumi/provider.proto
"""

import json
from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from cutover.localcloud.provider import decisions
from cutover.localcloud.provider.clients import Clients
from cutover.localcloud.provider.invokes import NotFound, invoke
from cutover.localcloud.provider.kinds import HalfMade, Kind
from cutover.localcloud.provider.properties import input_names
from cutover.localcloud.provider.registry import KINDS
from cutover.localcloud.provider.values import UNKNOWN, Properties, from_struct, is_unknown, to_struct

VERSION = "7.51.1"
"""Of the pulumi_aws whose types these are; the engine looks for exactly this one."""

Before = Callable[[str, str], None]
"""Called with the operation and the type before each one that reaches AWS; what it raises is the failure."""


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers one engine; its clients are made when it is configured."""

    def __init__(self, before: Before) -> None:
        self._before = before
        self._aws = Clients({})

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Secrets stay with the engine: it opens inputs and marks outputs of the same name again."""
        del request, context
        return pb.ProviderHandshakeResponse(
            accept_secrets=False,
            accept_resources=False,
            accept_outputs=False,
            supports_autonaming_configuration=True,
        )

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        """An engine that was told where we listen (PULUMI_DEBUG_PROVIDERS)."""
        del request, context
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Sent at every normal end, too; the operations under way are short."""
        del request, context
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """At least the version of the program's pulumi_aws."""
        del request, context
        return proto.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The name alone: the programs have pulumi_aws."""
        del request, context
        return pb.GetSchemaResponse(schema=json.dumps({"name": "aws", "version": VERSION}))

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """The configuration as it came."""
        del context
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Another region is another provider, as with the real one."""
        del context
        olds, news = from_struct(request.old_inputs), from_struct(request.news)
        changed = sorted(name for name in {*olds, *news} if olds.get(name) != news.get(name))
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=[name for name in changed if name == "region"],
        )

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Make the clients anew."""
        del context
        self._aws = Clients(from_struct(request.args))
        return pb.ConfigureResponse(
            acceptSecrets=False,
            supportsPreview=True,
            acceptResources=False,
            acceptOutputs=False,
            supports_autonaming_configuration=True,
        )

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """See `decisions.check`."""
        shape = self._kind(request, context).shape
        offered = request.HasField("autonaming")
        disabled = offered and request.autonaming.mode == pb.CheckRequest.AutonamingOptions.DISABLE
        naming = decisions.Naming(
            urn_name=request.urn.rpartition("::")[2],
            seed=request.randomSeed,
            proposed=request.autonaming.proposed_name if offered and not disabled else None,
            disabled=disabled,
        )
        checked = decisions.check(
            shape, from_struct(request.news), from_struct(request.olds), naming, self._aws.default_tags()
        )
        failures = [pb.CheckFailure(property=name, reason=reason) for name, reason in checked.failures]
        return pb.CheckResponse(inputs=to_struct(checked.inputs), failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        """See `decisions.compare`."""
        shape = self._kind(request, context).shape
        ignored = frozenset(path.partition(".")[0].partition("[")[0] for path in request.ignoreChanges)
        found = decisions.compare(shape, from_struct(request.old_inputs), from_struct(request.news), ignored)
        kinds = {
            "add": (pb.PropertyDiff.ADD, pb.PropertyDiff.ADD_REPLACE),
            "delete": (pb.PropertyDiff.DELETE, pb.PropertyDiff.DELETE_REPLACE),
            "update": (pb.PropertyDiff.UPDATE, pb.PropertyDiff.UPDATE_REPLACE),
        }
        detailed = {
            name: pb.PropertyDiff(kind=kinds[word][name in found.replaces], inputDiff=True)
            for name, word in found.changes.items()
        }
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if detailed else pb.DiffResponse.DIFF_NONE,
            diffs=list(detailed),
            replaces=list(found.replaces),
            deleteBeforeReplace=bool(found.replaces) and shape.delete_first,
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Make it; in a preview nothing is made and what is not known is marked so."""
        kind, inputs = self._kind(request, context), from_struct(request.properties)
        if request.preview:
            unknown = {**dict.fromkeys(kind.shape.computed, UNKNOWN), **_tags_all(kind, inputs)}
            return pb.CreateResponse(id="", properties=to_struct({**inputs, **unknown}))
        try:
            self._before("create", kind.shape.token)
            identifier = kind.create(self._aws, inputs)
            return pb.CreateResponse(id=identifier, properties=to_struct(self._state(kind, identifier, inputs)))
        except HalfMade as half:
            self._abort_half_made(context, half, self._state(kind, half.identifier, inputs))
        except Exception as error:  # noqa: BLE001  whatever AWS or boto3 raises is the engine's to show
            _abort(context, error)

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Look at it, for a refresh or an import; an empty id says that it is gone."""
        kind = self._kind(request, context)
        known = from_struct(request.inputs)
        try:
            self._before("read", kind.shape.token)
            seen = kind.observe(self._aws, request.id, known)
        except Exception as error:  # noqa: BLE001  as in Create
            _abort(context, error)
        if seen is None:
            return pb.ReadResponse(id="")
        # An import knows no inputs yet: everything that may be one becomes one.
        names = set(known) if known else (input_names(kind.shape.token) or set(seen)) & set(seen)
        inputs = {**known, **{name: value for name, value in seen.items() if name in names}}
        state = {**from_struct(request.properties), **inputs, **seen, **_tags_all(kind, seen)}
        return pb.ReadResponse(id=request.id, properties=to_struct(state), inputs=to_struct(inputs))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Change it in place."""
        kind = self._kind(request, context)
        olds, news, state = (from_struct(s) for s in (request.old_inputs, request.news, request.olds))
        if request.preview:
            computed = {name: state.get(name) for name in kind.shape.computed}
            return pb.UpdateResponse(properties=to_struct({**computed, **news, **_tags_all(kind, news)}))
        try:
            self._before("update", kind.shape.token)
            kind.update(self._aws, request.id, olds, news)
            return pb.UpdateResponse(properties=to_struct(self._state(kind, request.id, news)))
        except Exception as error:  # noqa: BLE001  as in Create
            _abort(context, error)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Remove it."""
        kind = self._kind(request, context)
        try:
            self._before("delete", kind.shape.token)
            kind.delete(self._aws, request.id, from_struct(request.properties))
        except Exception as error:  # noqa: BLE001  as in Create
            _abort(context, error)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Look something up."""
        try:
            found = invoke(request.tok, self._aws, from_struct(request.args))
        except Exception as error:  # noqa: BLE001  as in Create
            _abort(context, error)
        if found is None:
            _abort(context, NotFound(f"the local provider has no function {request.tok}"))
        return pb.InvokeResponse(**{"return": to_struct(found)})

    def _kind(self, request: Any, context: Any) -> Kind:
        token = request.type or request.urn.split("::")[2].rpartition("$")[2]
        kind = KINDS.get(token)
        if kind is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"the local provider has no type {token}")
            raise AssertionError("abort always raises")
        return kind

    def _state(self, kind: Kind, identifier: str, inputs: Properties) -> Properties:
        """The outputs: what was asked for, and over it what AWS shows."""
        seen = kind.observe(self._aws, identifier, inputs) or {}
        # A value that AWS shows in other words would be a difference at the next refresh, so AWS's word stands.
        return {**inputs, **seen, **_tags_all(kind, inputs)}

    def _abort_half_made(self, context: Any, half: HalfMade, state: Properties) -> NoReturn:
        details = pb.ErrorResourceInitFailed(
            id=half.identifier, properties=to_struct(state), inputs=to_struct(state), reasons=[half.reason]
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=half.reason)
        status.details.add().Pack(details)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, half.reason)
        raise AssertionError("abort always raises")


def _tags_all(kind: Kind, properties: Properties) -> Properties:
    if not kind.shape.tagged:
        return {}
    tags = properties.get("tags") or {}
    return {"tagsAll": UNKNOWN if is_unknown(tags) else tags}


def _abort(context: Any, error: Exception) -> NoReturn:
    # In one line, since the engine shows the first line of a reason where there is little room.
    sentence = " ".join(f"{type(error).__name__}: {error}".split())
    context.abort(grpc.StatusCode.UNKNOWN, sentence)
    raise AssertionError("abort always raises")

"""Serves Pulumi's ResourceProvider protocol over gRPC, for the engine.

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
from cutover.localcloud.provider.registry import RESOURCE_TYPES
from cutover.localcloud.provider.resource_type import PartiallyCreated, ResourceType
from cutover.localcloud.provider.schema import input_names
from cutover.localcloud.provider.values import UNKNOWN, Properties, from_struct, is_unknown, to_struct

VERSION = "7.51.1"
"""The version of pulumi_aws with these types; the engine accepts this version only."""

Before = Callable[[str, str], None]
"""Called with the operation and the type before each operation on AWS; an exception makes the operation fail."""


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one engine. `Configure` creates the AWS clients."""

    def __init__(self, before: Before) -> None:
        self._before = before
        self._aws = Clients({})

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Leave secrets to the engine: it sends plain inputs, and marks outputs of the same name as secret."""
        del request, context
        return pb.ProviderHandshakeResponse(
            accept_secrets=False,
            accept_resources=False,
            accept_outputs=False,
            supports_autonaming_configuration=True,
        )

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Accept an engine that attaches to this process (PULUMI_DEBUG_PROVIDERS)."""
        del request, context
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Do nothing: the engine sends this at every normal end too, and operations are short."""
        del request, context
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return the version of pulumi_aws."""
        del request, context
        return proto.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return the name only: the programs have pulumi_aws."""
        del request, context
        return pb.GetSchemaResponse(schema=json.dumps({"name": "aws", "version": VERSION}))

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return the configuration unchanged."""
        del context
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Return the settings that differ. A change of the region replaces the provider, as with AWS's plugin."""
        del context
        olds, news = from_struct(request.old_inputs), from_struct(request.news)
        changed = sorted(name for name in {*olds, *news} if olds.get(name) != news.get(name))
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE,
            diffs=changed,
            replaces=[name for name in changed if name == "region"],
        )

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Create new clients."""
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
        shape = self._type_of(request, context).shape
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
        shape = self._type_of(request, context).shape
        ignored = frozenset(path.partition(".")[0].partition("[")[0] for path in request.ignoreChanges)
        difference = decisions.compare(shape, from_struct(request.old_inputs), from_struct(request.news), ignored)
        diff_kinds = {
            "add": (pb.PropertyDiff.ADD, pb.PropertyDiff.ADD_REPLACE),
            "delete": (pb.PropertyDiff.DELETE, pb.PropertyDiff.DELETE_REPLACE),
            "update": (pb.PropertyDiff.UPDATE, pb.PropertyDiff.UPDATE_REPLACE),
        }
        detailed = {
            name: pb.PropertyDiff(kind=diff_kinds[word][name in difference.replaces], inputDiff=True)
            for name, word in difference.changes.items()
        }
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if detailed else pb.DiffResponse.DIFF_NONE,
            diffs=list(detailed),
            replaces=list(difference.replaces),
            deleteBeforeReplace=bool(difference.replaces) and shape.delete_first,
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Create the resource. A preview creates nothing and marks the computed outputs as unknown."""
        resource_type, inputs = self._type_of(request, context), from_struct(request.properties)
        if request.preview:
            unknown = {**dict.fromkeys(resource_type.shape.computed, UNKNOWN), **_tags_all(resource_type, inputs)}
            return pb.CreateResponse(id="", properties=to_struct({**inputs, **unknown}))
        try:
            self._before("create", resource_type.shape.token)
            identifier = resource_type.create(self._aws, inputs)
            return pb.CreateResponse(
                id=identifier, properties=to_struct(self._state(resource_type, identifier, inputs))
            )
        except PartiallyCreated as partial:
            self._abort_partially_created(context, partial, self._state(resource_type, partial.identifier, inputs))
        except Exception as error:  # noqa: BLE001  the engine shows every error of AWS and boto3
            _abort(context, error)

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Read the resource, for a refresh or an import. An empty id means that it does not exist."""
        resource_type = self._type_of(request, context)
        known = from_struct(request.inputs)
        try:
            self._before("read", resource_type.shape.token)
            observed = resource_type.read(self._aws, request.id, known)
        except Exception as error:  # noqa: BLE001  as in Create
            _abort(context, error)
        if observed is None:
            return pb.ReadResponse(id="")
        # An import has no inputs yet: every property that can be an input becomes one.
        names = set(known) if known else (input_names(resource_type.shape.token) or set(observed)) & set(observed)
        inputs = {**known, **{name: value for name, value in observed.items() if name in names}}
        state = {**from_struct(request.properties), **inputs, **observed, **_tags_all(resource_type, observed)}
        return pb.ReadResponse(id=request.id, properties=to_struct(state), inputs=to_struct(inputs))

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Update the resource in place."""
        resource_type = self._type_of(request, context)
        olds, news, state = (from_struct(s) for s in (request.old_inputs, request.news, request.olds))
        if request.preview:
            computed = {name: state.get(name) for name in resource_type.shape.computed}
            return pb.UpdateResponse(properties=to_struct({**computed, **news, **_tags_all(resource_type, news)}))
        try:
            self._before("update", resource_type.shape.token)
            resource_type.update(self._aws, request.id, olds, news)
            return pb.UpdateResponse(properties=to_struct(self._state(resource_type, request.id, news)))
        except Exception as error:  # noqa: BLE001  as in Create
            _abort(context, error)

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Delete the resource."""
        resource_type = self._type_of(request, context)
        try:
            self._before("delete", resource_type.shape.token)
            resource_type.delete(self._aws, request.id, from_struct(request.properties))
        except Exception as error:  # noqa: BLE001  as in Create
            _abort(context, error)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Call a function of the provider."""
        try:
            result = invoke(request.tok, self._aws, from_struct(request.args))
        except Exception as error:  # noqa: BLE001  as in Create
            _abort(context, error)
        if result is None:
            _abort(context, NotFound(f"the local provider has no function {request.tok}"))
        return pb.InvokeResponse(**{"return": to_struct(result)})

    def _type_of(self, request: Any, context: Any) -> ResourceType:
        token = request.type or request.urn.split("::")[2].rpartition("$")[2]
        resource_type = RESOURCE_TYPES.get(token)
        if resource_type is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"the local provider has no type {token}")
            raise AssertionError("abort always raises")
        return resource_type

    def _state(self, resource_type: ResourceType, identifier: str, inputs: Properties) -> Properties:
        """Return the outputs: the inputs, overridden by what AWS shows."""
        observed = resource_type.read(self._aws, identifier, inputs) or {}
        # The values that AWS shows override the inputs, which would differ from AWS at the next refresh.
        return {**inputs, **observed, **_tags_all(resource_type, inputs)}

    def _abort_partially_created(self, context: Any, partial: PartiallyCreated, state: Properties) -> NoReturn:
        details = pb.ErrorResourceInitFailed(
            id=partial.identifier, properties=to_struct(state), inputs=to_struct(state), reasons=[partial.reason]
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=partial.reason)
        status.details.add().Pack(details)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.UNKNOWN, partial.reason)
        raise AssertionError("abort always raises")


def _tags_all(resource_type: ResourceType, properties: Properties) -> Properties:
    if not resource_type.shape.tagged:
        return {}
    tags = properties.get("tags") or {}
    return {"tagsAll": UNKNOWN if is_unknown(tags) else tags}


def _abort(context: Any, error: Exception) -> NoReturn:
    # In one line, because the engine shows only the first line of a reason in some places.
    sentence = " ".join(f"{type(error).__name__}: {error}".split())
    context.abort(grpc.StatusCode.UNKNOWN, sentence)
    raise AssertionError("abort always raises")

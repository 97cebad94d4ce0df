"""mautrix's HTTP layer without HTTP: the host makes each request, after it has looked at what it asks for."""

from __future__ import annotations

import inspect
import json
import os
import tempfile
from http import HTTPStatus
from typing import Any

from aiohttp import ClientConnectionError, ClientError, ClientResponseError, ClientSession, RequestInfo
from mautrix.api import HTTPAPI, Method, PathBuilder
from mautrix.errors import MatrixConnectionError, MForbidden, make_request_error
from mautrix.types import ContentURI
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .channel import Channel, Refused
from .runs import current


DOWNLOAD_STATUS = {"not-found": 404, "too-large": 413, "room-forbidden": 403, "bad-request": 403}


class HostAPI(HTTPAPI):
    """Answers as HTTPAPI does. It knows the homeserver's address, for plugins that make others of it, but no token."""

    def __init__(self, channel: Channel, url: str, folder: str, session: ClientSession, log: Any) -> None:
        super().__init__(url, token="", client_session=session, log=log)
        self._channel = channel
        self._folder = folder

    async def request(
        self,
        method: Method,
        path: PathBuilder | str,
        content: Any = None,
        headers: dict[str, str] | None = None,
        query_params: Any = None,
        retry_count: int | None = None,
        metrics_method: str = "",
        min_iter_size: int = 25 * 1024 * 1024,
        sensitive: bool = False,
    ) -> Any:
        """Makes one request. Raises what mautrix raises for an answer that is an error."""
        full_path = "/" + str(path).lstrip("/")
        if isinstance(content, (bytes, bytearray)) or inspect.isasyncgen(content):
            return await self._upload(full_path, content, headers or {}, dict(query_params or {}))
        if isinstance(content, str):
            content = json.loads(content)
        query = {key: str(value) for key, value in dict(query_params or {}).items() if value is not None}
        return await self._ask(
            {
                "ask": "matrix",
                "method": str(method),
                "path": full_path,
                "query": query,
                **({} if method == Method.GET else {"body": content if content is not None else {}}),
                **_place(),
            }
        )

    async def download(
        self,
        url: ContentURI,
        kind: str = "download",
        query: dict[str, Any] | None = None,
        timeout_ms: int | None = None,
    ) -> bytes:
        """A file of the media repository: the host puts it into the plugin's folder."""
        server, media_id = self.parse_mxc_uri(url)
        handle, file = tempfile.mkstemp(dir=self._folder, prefix="download-")
        os.close(handle)
        wanted = {key: str(value) for key, value in (query or {}).items() if value is not None}
        if timeout_ms is not None:
            wanted["timeout_ms"] = str(timeout_ms)
        try:
            await self._channel.ask(
                {"ask": "download", "server": server, "media": media_id, "kind": kind, "query": wanted, "path": file}
            )
            with open(file, "rb") as downloaded:
                return downloaded.read()
        except Refused as refusal:
            raise self._download_error(url, refusal) from refusal
        finally:
            os.unlink(file)

    def _download_error(self, url: ContentURI, refusal: Refused) -> ClientError:
        """As mautrix has it: downloads alone are plain HTTP to it, and fail as such."""
        status = DOWNLOAD_STATUS.get(refusal.code)
        if status is None:
            return ClientConnectionError(str(refusal))
        address = URL(str(self.get_download_url(url, authenticated=True))).with_query(allow_redirect="true")
        asked = RequestInfo(address, "GET", CIMultiDictProxy(CIMultiDict()), address)
        return ClientResponseError(asked, (), status=status, message=HTTPStatus(status).phrase)

    async def _upload(self, path: str, content: Any, headers: dict[str, str], query: dict[str, Any]) -> Any:
        handle, file = tempfile.mkstemp(dir=self._folder, prefix="upload-")
        try:
            with os.fdopen(handle, "wb") as kept:
                if inspect.isasyncgen(content):
                    async for chunk in content:
                        kept.write(chunk)
                else:
                    kept.write(content)
            address = await self._call(
                {
                    "ask": "upload",
                    "mimetype": headers.get("Content-Type") or "application/octet-stream",
                    "filename": str(query.get("filename") or ""),
                    "path": file,
                }
            )
            return {"content_uri": address}
        finally:
            os.unlink(file)

    async def _ask(self, request: dict[str, Any]) -> Any:
        answer = await self._call(request)
        status, body = answer["status"], answer.get("body")
        if 200 <= status < 300:
            return body
        known = body if isinstance(body, dict) else {}
        raise make_request_error(
            http_status=status,
            text=json.dumps(body),
            errcode=known.get("errcode"),
            message=known.get("error"),
            unstable_errcode=known.get("org.matrix.msc3848.unstable.errcode"),
        )

    async def _call(self, request: dict[str, Any]) -> Any:
        try:
            return await self._channel.ask(request)
        except Refused as refusal:
            if refusal.code in ("room-forbidden", "bad-request", "plugin-refused"):
                raise MForbidden(403, str(refusal)) from refusal
            if refusal.code == "too-large":
                raise make_request_error(413, str(refusal), "M_TOO_LARGE", str(refusal)) from refusal
            if refusal.code == "not-found":
                raise make_request_error(404, str(refusal), "M_NOT_FOUND", str(refusal)) from refusal
            raise MatrixConnectionError(str(refusal)) from refusal


def _place() -> dict[str, Any]:
    """The event being handled and this request's place in the handler's run, while there is one."""
    handling = current.get()
    if handling is None or handling.run.is_over:
        return {}
    return {"run": handling.run.number, "key": handling.next_key()}

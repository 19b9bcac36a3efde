"""Images, audio and files in messages: as bytes, or by address."""

from __future__ import annotations

from genspan.semconv.messages import BlobPart, UriPart

from .content import blob_limit


def by_address(modality: str, address: str, mime_type: str | None = None) -> BlobPart | UriPart:
    """An address as it is; a `data:` one as the bytes it holds, of the type that it declares."""
    if address.startswith("data:"):
        head, comma, body = address[5:].partition(",")
        if comma and head.endswith(";base64"):
            declared = head.removesuffix(";base64").partition(";")[0]
            return blob(modality, body, declared or mime_type)
    part: UriPart = {"type": "uri", "modality": modality, "uri": address}
    if mime_type is not None:
        part["mime_type"] = mime_type
    return part


def blob(modality: str, data: str, mime_type: str | None = None) -> BlobPart:
    """Bytes in base64; beyond `GENSPAN_BLOB_LIMIT` only how many they are."""
    if len(data) > blob_limit():
        return left_out(modality, len(data) * 3 // 4 - data.count("=", -2), mime_type)
    part: BlobPart = {"type": "blob", "modality": modality, "content": data}
    if mime_type is not None:
        part["mime_type"] = mime_type
    return part


def left_out(modality: str, size: int, mime_type: str | None = None) -> BlobPart:
    """Bytes that are not recorded, or that nobody kept: how many they were."""
    part: BlobPart = {"type": "blob", "modality": modality, "content": "", "size": size}
    if mime_type is not None:
        part["mime_type"] = mime_type
    return part

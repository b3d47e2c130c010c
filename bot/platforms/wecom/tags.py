"""The company's tags (企业客户标签), in groups; shared by all members. Source: vendor manual, page 92696."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LIST = "/cgi-bin/externalcontact/get_corp_tag_list"
ADD = "/cgi-bin/externalcontact/add_corp_tag"
EDIT = "/cgi-bin/externalcontact/edit_corp_tag"
DELETE = "/cgi-bin/externalcontact/del_corp_tag"
MARK = "/cgi-bin/externalcontact/mark_tag"


@dataclass(frozen=True, slots=True)
class CorpTag:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class CorpTagGroup:
    """Tags that stand together; a group without tags does not exist."""

    id: str
    name: str
    tags: tuple[CorpTag, ...]


def groups_of(body: dict[str, Any]) -> list[CorpTagGroup]:
    return [group_of(row) for row in body.get("tag_group") or () if not row.get("deleted")]


def group_of(row: dict[str, Any]) -> CorpTagGroup:
    tags = tuple(CorpTag(str(tag["id"]), str(tag["name"])) for tag in row.get("tag") or () if not tag.get("deleted"))
    return CorpTagGroup(str(row["group_id"]), str(row["group_name"]), tags)

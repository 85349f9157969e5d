"""The organization and what belongs to it: projects, environments, teams, members; and the scope probe."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from sentry_sync.simulator import cursors
from sentry_sync.simulator.moments import micro, zulu
from sentry_sync.simulator.world.people import MEMBERS, TEAMS, Member, Team
from sentry_sync.simulator.world.projects import Project

from . import parameters
from .call import ApiError, Call, Response, not_found

ORGANIZATION_ID = "4507000001"
_AVATAR = {"avatarType": "letter_avatar", "avatarUuid": None}
_ACCESS = ["event:read", "org:read", "project:read", "project:releases", "team:read", "member:read"]
_HAS = (
    "Feedbacks", "Flags", "MinifiedStackTrace", "Monitors", "NewFeedbacks", "Profiles", "Replays",
    "InsightsHttp", "InsightsDb", "InsightsAssets", "InsightsAppStart", "InsightsScreenLoad", "InsightsVitals",
    "InsightsCaches", "InsightsQueues", "InsightsAgentMonitoring", "InsightsMCP", "Logs", "TraceMetrics",
)  # fmt: skip


def root(call: Call) -> Response:
    """`GET /api/0/`: version, and who is asking with which scopes."""
    if "authorization" not in call.request.headers:
        return call.reply({"version": "0", "auth": None, "user": None})
    member = MEMBERS[0]
    user = {"id": member.user_id, "username": member.email, "email": member.email, "name": member.name}
    return call.reply({"version": "0", "auth": {"scopes": sorted(call.scopes)}, "user": user})


def organizations(call: Call) -> Response:
    """`GET /organizations/`: the one organization."""
    return paged(call, [_organization(call)])


def organization(call: Call) -> Response:
    """`GET /organizations/{org}/`, with the region to talk to."""
    return call.reply(_organization(call))


def _organization(call: Call) -> dict[str, Any]:
    slug = call.world.organization
    return {
        "id": ORGANIZATION_ID,
        "slug": slug,
        "name": slug.title(),
        "status": {"id": "active", "name": "active"},
        "dateCreated": micro(call.world.start - 10_000_000, 101_000),
        "isEarlyAdopter": False,
        "require2FA": False,
        "avatar": _AVATAR,
        "links": {"organizationUrl": call.base_url, "regionUrl": call.base_url},
        "hasAuthProvider": False,
        "allowMemberInvite": True,
        "allowMemberProjectCreation": True,
        "allowSuperuserAccess": False,
        "features": ["global-views", "performance-view", "discover-basic", "releases"],
    }


def paged(call: Call, rows: Sequence[Any]) -> Response:
    """Rows through Django's page cursor."""
    page = cursors.by_page(rows, parameters.per_page(call), parameters.cursor(call))
    return call.page(list(page.rows), page)


def list_projects(call: Call) -> Response:
    """`GET /organizations/{org}/projects/`; `all_projects=1` answers all at once, without pages."""
    words = call.query.get("query").lower()
    found = [project for project in call.world.projects if words in project.slug or words in project.name.lower()]
    rows = [_listed(call, project) for project in sorted(found, key=lambda project: project.slug)]
    if call.query.get("all_projects") == "1":
        return call.reply(rows)
    return paged(call, rows)


def project(call: Call) -> Response:
    """`GET /projects/{org}/{proj}/`; a former slug answers 302 and names the new one."""
    found = the_project(call)
    row = _project(call, found)
    row["hasUserReports"] = False
    return call.reply(row | _settings(call, found))


def the_project(call: Call) -> Project:
    """The project of the path; 302 for a former slug, 404 for none."""
    asked = call.args["project"]
    found = call.world.project(asked)
    if found is not None:
        return found
    for candidate in call.world.projects:
        if asked in candidate.former_slugs:
            place = call.request.path.replace(f"/{asked}/", f"/{candidate.slug}/")
            detail = {
                "code": "resource-moved",
                "message": f"Resource has been moved to {candidate.slug}",
                "extra": {"url": place, "slug": candidate.slug},
            }
            raise ApiError(302, {"slug": candidate.slug, "detail": detail}, {"Location": place})
    raise not_found()


def _listed(call: Call, project: Project) -> dict[str, Any]:
    row = _project(call, project)
    return row | {
        "environments": sorted(project.environments),
        "hasUserReports": False,
        "latestDeploys": None,
    }


def _project(call: Call, project: Project) -> dict[str, Any]:
    team = {"id": project.team.id, "slug": project.team.slug, "name": project.team.name}
    releases = call.world.releases.current_list(project)
    row: dict[str, Any] = {
        "id": project.id,
        "slug": project.slug,
        "name": project.name,
        "platform": project.platform,
        "dateCreated": micro(project.created, 413_017),
        "isBookmarked": False,
        "isMember": project.number % 2 == 0,
        "features": ["releases"],
        "firstEvent": zulu(project.created + 600),
        "firstTransactionEvent": True,
        "access": _ACCESS,
        "hasAccess": True,
        "hasSessions": project.has_sessions,
        "team": team,
        "teams": [team],
        "platforms": [project.event_platform],
        "latestRelease": {"version": releases[-1].version} if releases else None,
    }
    return row | {f"has{name}": False for name in _HAS}


def _settings(call: Call, project: Project) -> dict[str, Any]:
    token = blake2b(f"{call.world.seed}:{project.id}".encode(), digest_size=16).hexdigest()
    return {
        "isInternal": False, "isPublic": False, "avatar": _AVATAR, "color": "#3f70bf", "status": "active",
        "options": {"sentry:resolve_age": project.resolve_age // 3_600}, "digestsMinDelay": 180,
        "digestsMaxDelay": 600, "subjectPrefix": "", "allowedDomains": ["*"],
        "resolveAge": project.resolve_age // 3_600, "dataScrubber": True, "dataScrubberDefaults": True,
        "safeFields": [], "storeCrashReports": None, "sensitiveFields": [], "subjectTemplate": "$shortID - $title",
        "securityToken": token, "securityTokenHeader": None, "verifySSL": False, "scrubIPAddresses": False,
        "scrapeJavaScript": True, "enableAutoReleaseCreation": True, "highlightTags": [], "highlightContext": {},
        "highlightPreset": {"tags": [], "context": {}}, "groupingConfig": "newstyle:2023-01-11",
        "derivedGroupingEnhancements": "", "groupingEnhancements": "", "secondaryGroupingExpiry": 0,
        "secondaryGroupingConfig": None, "fingerprintingRules": "", "organization": _organization(call),
        "processingIssues": 0, "defaultEnvironment": None, "relayPiiConfig": None, "builtinSymbolSources": [],
        "dynamicSamplingBiases": None, "symbolSources": "[]", "isDynamicallySampled": True,
        "autofixAutomationTuning": "off", "seerScannerAutomation": False, "seerNightshiftTweaks": None,
        "debugFilesRole": None, "scmSourceContextEnabled": False, "tempestFetchScreenshots": False,
        "plugins": [], "eventProcessing": {"symbolicationDegraded": False},
    }  # fmt: skip


def project_environments(call: Call) -> Response:
    """`GET /projects/{org}/{proj}/environments/`."""
    names = sorted(the_project(call).environments)
    return call.reply([{**_environment(call, name), "isHidden": False} for name in names])


def environments(call: Call) -> Response:
    """`GET /organizations/{org}/environments/`: every name once."""
    asked = parameters.projects(call)
    names = sorted({name for project in asked for name in project.environments})
    return call.reply([_environment(call, name) for name in names])


def _environment(call: Call, name: str) -> dict[str, Any]:
    return {"id": str(9_100 + call.world.environments.index(name)), "name": name}


def teams(call: Call) -> Response:
    """`GET /organizations/{org}/teams/`."""
    return paged(call, [_team(call, team) for team in TEAMS])


def _team(call: Call, team: Team) -> dict[str, Any]:
    owned = [_project(call, project) for project in call.world.projects if project.team is team]
    row: dict[str, Any] = {
        "id": team.id,
        "slug": team.slug,
        "name": team.name,
        "dateCreated": micro(call.world.start - 9_000_000, 115_000),
        "isMember": True,
        "teamRole": None,
        "flags": {"idp:provisioned": False},
        "access": _ACCESS,
        "hasAccess": True,
        "isPending": False,
        "memberCount": len(MEMBERS),
        "avatar": _AVATAR,
    }
    if call.query.get("detailed", "1") != "0":
        look = {"isInternal": False, "isPublic": False, "avatar": _AVATAR, "color": "#6d3fbf", "status": "active"}
        row["projects"] = [project | look for project in owned]
    return row


def members(call: Call) -> Response:
    """`GET /organizations/{org}/members/`."""
    return paged(call, [_member(call, member) for member in MEMBERS])


def _member(call: Call, member: Member) -> dict[str, Any]:
    joined = micro(call.world.start - 9_000_000 + int(member.id), 120_263)
    return {
        "id": member.id,
        "email": member.email,
        "name": member.name,
        "user": user_row(member, joined),
        "orgRole": member.role,
        "pending": False,
        "expired": False,
        "flags": {
            "idp:provisioned": False, "idp:role-restricted": False, "sso:linked": False, "sso:invalid": False,
            "member-limit:restricted": False, "partnership:restricted": False,
        },
        "dateCreated": joined,
        "inviteStatus": "approved",
        "inviterName": None,
    }  # fmt: skip


def user_row(member: Member, joined: str) -> dict[str, Any]:
    """A member's account as Sentry's user serializer writes it."""
    return {
        "id": member.user_id, "name": member.name, "username": member.email, "email": member.email,
        "avatarUrl": "", "isActive": True, "isSuspended": False, "hasPasswordAuth": True, "isManaged": False,
        "dateJoined": joined, "lastLogin": joined, "has2fa": False, "lastActive": joined, "isSuperuser": False,
        "isStaff": False, "experiments": {},
        "emails": [{"id": member.user_id, "email": member.email, "is_verified": True}],
        "avatar": _AVATAR,
    }  # fmt: skip

import { isObject, type JsonObject } from "../../../core/json.ts";
import type { Profile, RecentPost } from "../post.ts";
import { countAt, objectsAt, textAt, urlAt, usernameAt } from "./read.ts";

const followerPaths = [["follower_count"], ["edge_followed_by", "count"], ["followed_by", "count"]];

/**
 * A user who is described for their own sake (a page, `web_profile_info`, the mobile API, the web of 2017), not just named as
 * an author: it has a name and a count of followers, or at least a bio beside the followers' absence in private profiles.
 */
export function isProfile(node: JsonObject): boolean {
  if (usernameAt(node, "username") === undefined) return false;
  return (
    countAt(node, ...followerPaths) !== null ||
    (typeof node.biography === "string" && typeof node.is_private === "boolean")
  );
}

export function readProfile(node: JsonObject, recent: readonly RecentPost[]): Profile {
  return {
    username: usernameAt(node, "username") ?? "",
    fullName: textAt(node, "full_name") ?? "",
    bio: textAt(node, "biography") ?? "",
    followers: countAt(node, ...followerPaths),
    following: countAt(node, ["following_count"], ["edge_follow", "count"], ["follows", "count"]),
    posts: countAt(
      node,
      ["all_media_count"],
      ["media_count"],
      ["edge_owner_to_timeline_media", "count"],
      ["media", "count"],
    ),
    verified: node.is_verified === true,
    private: node.is_private === true,
    pictureUrl: readPicture(node),
    links: readLinks(node),
    recent: recent.slice(0, 50),
  };
}

function readPicture(node: JsonObject): string | null {
  return (
    urlAt(node, "hd_profile_pic_url_info", "url") ??
    urlAt(node, "profile_pic_url_hd") ??
    urlAt(node, "profile_pic_url") ??
    urlAt(node, "profile_image_uri") ??
    null
  );
}

function readLinks(node: JsonObject): string[] {
  const links = [
    urlAt(node, "external_url"),
    ...objectsAt(node, "bio_links").map((link) => urlAt(link, "url")),
  ];
  return [...new Set(links.filter((link) => link !== undefined))].slice(0, 10);
}

/** Whether a timeline's node belongs to the profile: it says so, or says nothing about its owner. */
export function isOwnedBy(profile: JsonObject, media: JsonObject): boolean {
  const owner = isObject(media.owner) ? media.owner : isObject(media.user) ? media.user : undefined;
  if (owner === undefined) return true;
  const name = usernameAt(owner, "username");
  if (name !== undefined) return name === usernameAt(profile, "username");
  return [profile.id, profile.pk].some((id) => id !== undefined && String(id) === String(owner.id));
}

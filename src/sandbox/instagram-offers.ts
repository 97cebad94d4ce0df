/** One line of the demo: what somebody pastes, and what the room should see. */
export interface Offer {
  /** As people paste it; a message text when it is not a link alone. */
  readonly url: string;
  readonly label: string;
  readonly expectation: string;
  /** The replies that should come, in order: their msgtype and words that stand in their body. None means silence. */
  readonly replies: readonly { readonly msgtype: "m.image" | "m.text" | "m.notice"; readonly says: string }[];
}

const site = "https://www.instagram.com";

/** What the demo offers for pasting, in the order in which its script pastes them. */
export const catalogue: readonly Offer[] = [
  {
    url: `${site}/p/DRoostPic01/?igsh=MzRlODBiNWFlZA==`,
    label: "a picture",
    expectation: "picture, caption, 1,204 likes",
    replies: [{ msgtype: "m.image", says: "1,204 likes" }],
  },
  {
    url: `${site}/p/DRoostSet03/`,
    label: "a carousel",
    expectation: "the first of three pictures, the others in a thread under it, then an index",
    replies: ["1/3", "2/3", "3/3", "1 2 3"].map((says) => ({ msgtype: "m.image", says })),
  },
  {
    url: `${site}/p/DRoostSet03/?img_index=2`,
    label: "a carousel from its second picture",
    expectation: "2/3 with the caption, then 3/3 and 1/3",
    replies: ["Swipe for the one that worked", "3/3", "1/3"].map((says) => ({ msgtype: "m.image", says })),
  },
  {
    url: `${site}/p/DRoostTwe20/`,
    label: "a carousel of twenty",
    expectation: "twenty messages; the fifth says that its picture is missing",
    replies: [
      { msgtype: "m.image", says: "1/20" },
      { msgtype: "m.text", says: "The picture is missing: it is empty." },
      { msgtype: "m.image", says: "20/20" },
      { msgtype: "m.image", says: "18 19 20" },
    ],
  },
  {
    url: `${site}/reel/DRoostMov02/`,
    label: "a reel",
    expectation: "its still, likes hidden, a download link",
    replies: [{ msgtype: "m.image", says: "likes hidden" }],
  },
  {
    url: `${site}/harbour.kites/`,
    label: "a profile",
    expectation: "its picture, bio, 48,213 followers, recent posts",
    replies: [{ msgtype: "m.image", says: "48,213 followers" }],
  },
  {
    url: `${site}/share/DRoostMov02`,
    label: "a link for sharing",
    expectation: "the reel it leads to",
    replies: [{ msgtype: "m.image", says: "Forty-two seconds" }],
  },
  {
    url: `${site}/p/DRoostSen11/`,
    label: "a post that is marked sensitive",
    expectation: "covered picture and words",
    replies: [{ msgtype: "m.image", says: "[caption covered]" }],
  },
  {
    url: `${site}/p/DRoostPic01/ and https://ddinstagram.com/p/DRoostMov02/ and ${site}/p/DRoostPic01/`,
    label: "several links, one of them twice",
    expectation: "each once, in order",
    replies: [
      { msgtype: "m.image", says: "1,204 likes" },
      { msgtype: "m.image", says: "likes hidden" },
    ],
  },
  refusal("DRoostPrv05", "a private post", "private"),
  refusal("DRoostDel06", "a deleted post", "deleted"),
  refusal("DRoostAge08", "a post for adults", "logged-in adults"),
  refusal("DRoostLog09", "a post behind the login", "logged in"),
  refusal("DRoostCha15", "a post while Instagram wants to see a person", "prove"),
  refusal("DRoostUnk16", "a post in a form that nobody knows", "does not understand"),
  refusal("DRoost50317", "a post while Instagram is broken", "could not be reached"),
  {
    url: `${site}/stories/harbour.kites/31/`,
    label: "a story",
    expectation: "a sentence: stories have no preview",
    replies: [{ msgtype: "m.notice", says: "stories" }],
  },
  {
    url: ["12", "13", "14"].map((number) => `${site}/p/DRoostWai${number}/`).join(" "),
    label: "three posts while Instagram wants us to wait for 5 s",
    expectation: "each is queued at once, and its notice becomes the answer",
    replies: [
      ...["Wai12: Queued", "Wai13: Queued", "Wai14: Queued"].map(
        (says) => ({ msgtype: "m.notice", says }) as const,
      ),
      ...["came back", "another", "third"].map((says) => ({ msgtype: "m.image", says }) as const),
    ],
  },
  {
    url: "I saw it on instagram.com, I think",
    label: "words about Instagram",
    expectation: "silence",
    replies: [],
  },
  {
    url: `${site}/p/DRoostLim07/`,
    label: "a post while Instagram limits us",
    expectation: "a sentence: trying again later",
    replies: [{ msgtype: "m.notice", says: "trying again in about" }],
  },
];

function refusal(shortcode: string, label: string, says: string): Offer {
  return {
    url: `${site}/p/${shortcode}/`,
    label,
    expectation: `a sentence: ${says}`,
    replies: [{ msgtype: "m.notice", says }],
  };
}

/** What the replayed Instagram knows: invented people and posts, each of a kind that a bot has to answer. */

export interface ReplayedMedium {
  readonly kind: "image" | "video";
  /** The file's name below `/media/`, or an address elsewhere. */
  readonly file: string;
  readonly alt: string;
}

export interface ReplayedPost {
  readonly shortcode: string;
  readonly author: string;
  readonly caption: string;
  readonly likes: number;
  readonly comments: number;
  readonly likesHidden?: true;
  readonly media: readonly ReplayedMedium[];
  /** Anything but a page with the post in it. */
  readonly behaviour?:
    | "age-gated"
    | "login-wall"
    | "followers-only"
    | "rate-limited"
    | "slow"
    | "challenge"
    | "unknown-shape"
    | "broken-server"
    /** Once, and for 5 s. */
    | "asks-to-wait";
  /** Instagram covers it with a warning. */
  readonly isSensitive?: true;
}

export interface ReplayedProfile {
  readonly username: string;
  readonly fullName: string;
  readonly bio: string;
  readonly followers: number;
  readonly following: number;
  readonly isPrivate: boolean;
  readonly isVerified: boolean;
}

/** One line of the demo: what somebody pastes, and what the room should see. */
export interface Offer {
  /** As people paste it; a message text when it is not a link alone. */
  readonly url: string;
  readonly label: string;
  readonly expectation: string;
  /** The replies that should come, in order: their msgtype and words that stand in their body. None means silence. */
  readonly replies: readonly { readonly msgtype: "m.image" | "m.text" | "m.notice"; readonly says: string }[];
}

export const profiles: readonly ReplayedProfile[] = [
  {
    username: "harbour.kites",
    fullName: "Harbour Kites",
    bio: "We fly things that should not fly.\nEvery Sunday at the old pier 🪁",
    followers: 48213,
    following: 310,
    isPrivate: false,
    isVerified: true,
  },
  {
    username: "quiet_garden",
    fullName: "A Quiet Garden",
    bio: "for friends",
    followers: 87,
    following: 91,
    isPrivate: true,
    isVerified: false,
  },
];

const image = (file: string, alt: string): ReplayedMedium => ({ kind: "image", file, alt });

export const posts: readonly ReplayedPost[] = [
  {
    shortcode: "DRoostPic01",
    author: "harbour.kites",
    caption: "First light over the pier. Wind from the west, coffee from the kiosk ☕\n\n#kites #morning",
    likes: 1204,
    comments: 37,
    media: [image("1-1080x1350.jpg", "Photo of a sunrise over hills.")],
  },
  {
    shortcode: "DRoostSet03",
    author: "harbour.kites",
    caption: "Three kites, three mistakes. Swipe for the one that worked.",
    likes: 873,
    comments: 52,
    media: [
      image("2-1080x1080.jpg", "Photo of a red kite on the ground."),
      image("3-1080x1080.jpg", "Photo of a torn kite."),
      image("4-1080x720.png", "Photo of a kite high above the water."),
    ],
  },
  {
    shortcode: "DRoostMov02",
    author: "harbour.kites",
    caption: "Forty-two seconds of staying up.",
    likes: 5310,
    comments: 118,
    likesHidden: true,
    media: [{ kind: "video", file: "5-1080x1920.jpg", alt: "Video of a kite in strong wind." }],
  },
  {
    shortcode: "DRoostLim07",
    author: "harbour.kites",
    caption: "Worth the wait.",
    likes: 12,
    comments: 1,
    media: [image("6-1080x1080.jpg", "Photo of an empty beach.")],
    behaviour: "rate-limited",
  },
  {
    shortcode: "DRoostPrv05",
    author: "quiet_garden",
    caption: "",
    likes: 0,
    comments: 0,
    media: [],
    behaviour: "followers-only",
  },
  {
    shortcode: "DRoostAge08",
    author: "harbour.kites",
    caption: "For grown-ups.",
    likes: 0,
    comments: 0,
    media: [image("10-640x640.jpg", "")],
    behaviour: "age-gated",
  },
  {
    shortcode: "DRoostLog09",
    author: "harbour.kites",
    caption: "For members.",
    likes: 0,
    comments: 0,
    media: [image("11-640x640.jpg", "")],
    behaviour: "login-wall",
  },
  {
    shortcode: "DRoostSlo10",
    author: "harbour.kites",
    caption: "Slow and steady.",
    likes: 1,
    comments: 0,
    media: [image("7-640x640.jpg", "Photo of a snail.")],
    behaviour: "slow",
  },
  {
    shortcode: "DRoostTwe20",
    author: "harbour.kites",
    caption: "Twenty tries.",
    likes: 20,
    comments: 2,
    media: Array.from({ length: 20 }, (_, at) => {
      const number = at + 1;
      if (number === 5) return image("empty.jpg", "");
      return number === 7
        ? { kind: "video" as const, file: "27-320x320.jpg", alt: "Video of the seventh try." }
        : image(`${20 + number}-320x320.jpg`, `Photo of try ${number}.`);
    }),
  },
  {
    shortcode: "DRoostSen11",
    author: "harbour.kites",
    caption: "Not for the faint of heart: the crash.",
    likes: 66,
    comments: 6,
    media: [image("12-640x640.jpg", "Photo of a crashed kite.")],
    isSensitive: true,
  },
  plain("DRoostWai12", "The wind came back.", "asks-to-wait"),
  plain("DRoostWai13", "Behind it, another."),
  plain("DRoostWai14", "And a third."),
  plain("DRoostCha15", "", "challenge"),
  plain("DRoostUnk16", "", "unknown-shape"),
  plain("DRoost50317", "", "broken-server"),
  hostile("DRoostBad01", "empty.jpg"),
  hostile("DRoostBad02", "huge.jpg"),
  hostile("DRoostBad03", "page.jpg"),
  hostile("DRoostBad04", "metadata.jpg"),
  hostile("DRoostBad05", "loopback.jpg"),
  hostile("DRoostBad06", "https://pictures.example.org/foreign.jpg"),
  hostile("DRoostBad07", "cut.jpg"),
  {
    shortcode: "DRoostBad08",
    author: "harbour.kites",
    caption: '!admin users list\n<img src=x onerror=alert(1)><b>bold</b> @room "quoted" & \u202eturned',
    likes: 3,
    comments: 0,
    media: [image("8-640x640.jpg", 'Photo of <script>alert("alt")</script>')],
  },
];

function plain(shortcode: string, caption: string, behaviour?: ReplayedPost["behaviour"]): ReplayedPost {
  const media = [image(`${Number(shortcode.slice(-2)) + 40}-640x640.jpg`, "")];
  const post = { shortcode, author: "harbour.kites", caption, likes: 7, comments: 0, media };
  return behaviour === undefined ? post : { ...post, behaviour };
}

/** A post whose picture is not what it should be. */
function hostile(shortcode: string, file: string): ReplayedPost {
  return {
    shortcode,
    author: "harbour.kites",
    caption: "Something is wrong with this picture.",
    likes: 2,
    comments: 0,
    media: [image(file, "")],
  };
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

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
  readonly behaviour?: "age-gated" | "login-wall" | "followers-only" | "rate-limited" | "slow";
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
  readonly replies: readonly { readonly msgtype: "m.image" | "m.notice"; readonly says: string }[];
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
    expectation: "three pictures, labelled 1/3 to 3/3",
    replies: ["1/3", "2/3", "3/3"].map((says) => ({ msgtype: "m.image", says })),
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
    url: `${site}/p/DRoostPrv05/`,
    label: "a private post",
    expectation: "a sentence: private",
    replies: [{ msgtype: "m.notice", says: "private" }],
  },
  {
    url: `${site}/p/DRoostDel06/`,
    label: "a deleted post",
    expectation: "a sentence: deleted",
    replies: [{ msgtype: "m.notice", says: "deleted" }],
  },
  {
    url: `${site}/p/DRoostLim07/`,
    label: "a post while Instagram limits us",
    expectation: "a sentence: trying again later",
    replies: [{ msgtype: "m.notice", says: "trying again in about" }],
  },
  {
    url: "I saw it on instagram.com, I think",
    label: "words about Instagram",
    expectation: "silence",
    replies: [],
  },
];

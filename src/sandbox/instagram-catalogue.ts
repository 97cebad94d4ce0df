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

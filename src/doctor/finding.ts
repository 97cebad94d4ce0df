/** What `roost doctor` found out about one thing. */
export interface Finding {
  /** What was looked at, such as `disk` or `room !abc:example.org`. */
  readonly subject: string;
  readonly isFine: boolean;
  /** What is so, and where it is not fine what to do. */
  readonly sentence: string;
}

export function fine(subject: string, sentence: string): Finding {
  return { subject, isFine: true, sentence };
}

export function wrong(subject: string, sentence: string): Finding {
  return { subject, isFine: false, sentence };
}

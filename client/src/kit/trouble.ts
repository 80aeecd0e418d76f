/** Why something failed, in words for a person. */
export type Trouble = {
  /** `wait`: nobody has to act; `stop`: a person has to. */
  readonly kind: 'wait' | 'stop';
  /** Says what happened. */
  readonly title: string;
  /** Says what to do. */
  readonly next: string | null;
  /** A small code that an administrator may ask about. */
  readonly code: string | null;
};

/** A mistake that the device finds by itself, before anything is asked of the gateway. */
export const mistakeOf = (title: string, next: string | null = null): Trouble => ({
  kind: 'stop',
  title,
  next,
  code: null,
});

/** Why something failed, in words for a person. */
export type Trouble = {
  /** `wait`: it ends by itself; `stop`: a person has to act. */
  readonly kind: 'wait' | 'stop';
  /** Says what happened. */
  readonly title: string;
  /** Says what to do. */
  readonly next: string | null;
  /** A small code that an administrator may ask about. */
  readonly code: string | null;
};

/** A mistake that the device finds by itself, before asking the gateway. */
export const mistakeOf = (title: string, next: string | null = null): Trouble => ({
  kind: 'stop',
  title,
  next,
  code: null,
});

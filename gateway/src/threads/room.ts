/**
 * Room for what is held at once, in pixels or bytes: whoever needs more than is left waits, in the order in which they
 * came, so that a small one does not overtake a large one for ever.
 */
export type Room = {
  /** Waits until there is room; returns what gives it back. `size`: at most the limit of the room. */
  enter(size: number): Promise<() => void>;
};

export function createRoom(limit: number): Room {
  let taken = 0;
  const waiting: { readonly size: number; readonly begin: () => void }[] = [];
  const letIn = (): void => {
    for (let next = waiting[0]; next !== undefined && taken + next.size <= limit; next = waiting[0]) {
      waiting.shift();
      taken += next.size;
      next.begin();
    }
  };
  return {
    async enter(size) {
      await new Promise<void>((begin) => {
        waiting.push({ size, begin });
        letIn();
      });
      let hasLeft = false;
      return () => {
        if (hasLeft) return;
        hasLeft = true;
        taken -= size;
        letIn();
      };
    },
  };
}

/**
 * Limits what is held at once, in pixels or bytes. Whoever needs more than is left waits. Entry is in the order of
 * arrival, so that small requests do not overtake a large one for ever.
 */
export type Room = {
  /** Waits until there is room; returns the function that frees it. `size`: at most the room's limit. */
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

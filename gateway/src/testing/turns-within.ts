/** Turns that the event loop takes while something is at work. */
export async function turnsWithin(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let turn = setImmediate(function count() {
    turns += 1;
    turn = setImmediate(count);
  });
  await work().finally(() => clearImmediate(turn));
  return turns;
}

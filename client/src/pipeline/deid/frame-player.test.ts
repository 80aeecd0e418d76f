/** The player: frame after frame, each only once it was on the screen, and it can be stopped. */
import { computed, signal } from '@preact/signals';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FoundFile } from '../ingest/found/group-studies.ts';
import type { FramePlace, ReadFrame } from '../ingest/found/follow-frame.ts';
import { createFramePlayer } from './frame-player.ts';
import { areAllShown, withFrame, type LookedFrames } from './looked-frames.ts';

const filmOf = (ordinal: number, frames: number) => ({ ordinal, frames }) as FoundFile;
const PICTURE = {
  of: '1.2',
  mayHoldName: false,
  width: 1,
  height: 1,
  rows: 1,
  columns: 1,
  rgba: new Uint8ClampedArray(4),
};

/** A screen on which frames are read and drawn when the test says so. `undrawn`: frames without a picture. */
function open(frames: readonly number[], first = 0, undrawn: readonly number[] = []) {
  const files = frames.map((count, ordinal) => filmOf(ordinal, count));
  const place = signal<FramePlace>({ found: files[0]!, frame: first });
  const read = signal<ReadFrame | undefined>(undefined);
  const looked = signal<LookedFrames>(new Map());
  const waits: { readonly ms: number; readonly then: () => void }[] = [];
  const visited: string[] = [];
  const create = (isCalm: boolean) =>
    createFramePlayer({
      files: () => files,
      place,
      show: (next) => {
        place.value = next;
      },
      read: computed(() => read.value),
      looked,
      isCalm,
      wait(ms, then) {
        const entry = { ms, then };
        waits.push(entry);
        return () => {
          if (waits.includes(entry)) waits.splice(waits.indexOf(entry), 1);
        };
      },
    });
  return {
    files,
    place,
    looked,
    waits,
    visited,
    create,
    /** The frame that is wanted arrives, and stands on the screen. */
    draw(isInSight = true) {
      const { found, frame } = place.value;
      visited.push(`${found.ordinal}/${frame}`);
      const picture = undrawn.includes(frame) ? null : PICTURE;
      read.value = { found, frame, look: { maxSide: 1 }, picture };
      if (picture && isInSight) looked.value = withFrame(looked.value, found, frame);
    },
    /** The time of the frame in sight is over. */
    tick: () => waits.shift()!.then(),
  };
}

/** Plays to the end. */
function playThrough(screen: ReturnType<typeof open>, player: ReturnType<typeof createFramePlayer>): void {
  player.play();
  for (let frame = 0; player.isPlaying.value; frame += 1) {
    assert.ok(frame < 100, 'it ends');
    screen.draw();
    if (player.isPlaying.value) screen.tick();
  }
}

test('from the frame in the middle it shows every other one once, and stops when all were shown', () => {
  const screen = open([5], 2);
  screen.draw();
  const player = screen.create(false);
  playThrough(screen, player);
  assert.equal(screen.visited, ['0/2', '0/2', '0/3', '0/4', '0/0', '0/1']);
  assert.ok(areAllShown(screen.looked.value, screen.files[0]!));
});

test('a frame that is read but not in sight is waited for: nothing passes unseen', () => {
  const screen = open([3]);
  const player = screen.create(false);
  player.play();
  screen.draw(false);
  assert.equal([screen.waits.length, player.isPlaying.value], [0, true]);
  screen.draw();
  assert.is(screen.waits.length, 1);
});

test('of several films it shows one after the other', () => {
  const screen = open([2, 3], 1);
  playThrough(screen, screen.create(false));
  assert.equal(screen.visited, ['0/1', '1/0', '1/1', '1/2', '0/0']);
});

test('a frame that cannot be drawn is passed, counted, and never shown', () => {
  const screen = open([3], 0, [1]);
  const player = screen.create(false);
  playThrough(screen, player);
  assert.equal([...player.undrawn.value.get(0)!], [1]);
  assert.not(areAllShown(screen.looked.value, screen.files[0]!));
});

test('a person stops it and starts it again; once all were shown it begins again with the first frame', () => {
  const screen = open([3]);
  const player = screen.create(false);
  player.play();
  screen.draw();
  player.pause();
  assert.equal([screen.waits.length, screen.place.value.frame], [0, 0]);
  playThrough(screen, player);
  screen.visited.length = 0;
  playThrough(screen, player);
  assert.equal(screen.visited, ['0/0', '0/1', '0/2']);
});

test('hundreds of frames take a minute, two do not flash by, one a second where less motion is wanted', () => {
  const waitOf = (frames: number, isCalm: boolean) => {
    const screen = open([frames]);
    screen.create(isCalm).play();
    screen.draw();
    return screen.waits[0]!.ms;
  };
  assert.ok(400 * waitOf(400, false) <= 60_000);
  assert.is(waitOf(2, false), 1000);
  assert.is(waitOf(400, true), 1000);
});

test('single pictures stay for two seconds each, and the last one stays', () => {
  const screen = open([1, 1]);
  const player = screen.create(false);
  player.play();
  screen.draw();
  assert.is(screen.waits[0]!.ms, 2000);
  screen.tick();
  screen.draw();
  assert.equal(
    [screen.waits.length, player.isPlaying.value, screen.place.value.found.ordinal],
    [0, false, 1],
  );
});

test.run();

/**
 * The large pictures of a series' held-back instances, one after the other, each with its decision. A person who has
 * seen all of them can release all of them here.
 */
import { useRef, useState } from 'preact/hooks';
import type { FoundFile } from '../ingest/found/group-studies.ts';
import { isReleasableWith, staysHere } from '../ingest/found/held-back.ts';
import { useIngest } from '../ingest/found/ingest-context.ts';
import type { ComparisonStore } from './comparison.store.ts';
import { deidWords } from './deid-words.ts';
import type { FramePlace } from '../ingest/found/follow-frame.ts';
import { CoverButton, Covering, Release } from './HeldInstance.tsx';
import { LargePicture } from './InstancePicture.tsx';
import { middleFrame } from './looked-frames.ts';
import { NamingTexts } from './NamingTexts.tsx';
import { boxesInPacs, seenOf } from './what-to-look-at.ts';

export interface OpenPictures {
  readonly first: FramePlace;
  /** Opens only the first picture, without the others of its series. */
  readonly isAlone: boolean;
  /** Plays the frames from the start. */
  readonly plays: boolean;
}

type HeldPicturesProps = {
  readonly store: ComparisonStore;
  /** Null: none is open. */
  readonly opened: OpenPictures | null;
  /** The files that a person steps through, unless one is opened alone. */
  readonly files: readonly FoundFile[];
  /** All files of the series, in order. */
  readonly inSeries: readonly FoundFile[];
  readonly onClose: (last: FoundFile) => void;
};

export function HeldPictures({ opened, files, ...props }: HeldPicturesProps) {
  if (opened === null) return null;
  return <Opened {...props} opened={opened} files={opened.isAlone ? [opened.first.found] : files} />;
}

type OpenedProps = HeldPicturesProps & { readonly opened: OpenPictures };

function Opened({ store, opened, files, inSeries, onClose }: OpenedProps) {
  const ingest = useIngest();
  const numberOf = (found: FoundFile) => inSeries.indexOf(found) + 1;
  // Read at each call, because the picture follows a decision made next to it.
  const boxesOf = (found: FoundFile) =>
    staysHere(ingest.policy.value, ingest.released.value, found)
      ? undefined
      : ingest.released.value.get(found.ordinal);
  const { covering, covered, cover, isCovering, end } = useCovering();
  // A picture behind the editor is not visible, so nothing of it counts as seen.
  if (covering)
    return (
      <Covering store={store} found={covering} files={inSeries} boxes={boxesOf(covering)} onClose={end} />
    );
  return (
    <LargePicture
      seen={store}
      files={files}
      first={covered ? { found: covered, frame: middleFrame(covered) } : opened.first}
      plays={opened.plays && !covered}
      numberOf={numberOf}
      boxesOf={(found) => boxesOf(found) ?? boxesInPacs(ingest, found)}
      decide={(found) => (
        <>
          <NamingTexts found={found} />
          <Release
            store={store}
            found={found}
            place={deidWords.stage.image(numberOf(found), inSeries.length)}
            boxes={boxesOf(found)}
          />
          <CoverButton
            store={store}
            found={found}
            at={numberOf(found)}
            boxes={boxesOf(found)}
            onOpen={() => cover(found)}
          />
          {files.length > 1 && <ReleaseAll store={store} files={files} onClose={onClose} />}
        </>
      )}
      onClose={(last) => {
        // The sheet was closed by the editor and not by the person.
        if (!isCovering.current) onClose(last);
      }}
    />
  );
}

/** Releases the files that a person steps through, once all of them were seen. */
function ReleaseAll({ store, files, onClose }: Pick<OpenedProps, 'store' | 'files' | 'onClose'>) {
  const ingest = useIngest();
  const policy = ingest.policy.value;
  const open = files.filter(
    (found) =>
      staysHere(policy, ingest.released.value, found) &&
      isReleasableWith(policy, found, ingest.boxesBefore(found)),
  );
  const seen = seenOf(store, policy, open);
  if (open.length === 0) return null;
  return (
    <button
      type="button"
      class="button button-main"
      disabled={seen.length < open.length || ingest.phase.value === 'queueing'}
      onClick={() => {
        onClose(open[0]!);
        ingest.release(seen);
      }}
    >
      {deidWords.held.allSaid(open.length)}
    </button>
  );
}

/**
 * The picture that a person covers. The editor replaces the large picture, which then opens again at the same place.
 */
function useCovering() {
  const [covering, setCovering] = useState<FoundFile | null>(null);
  const [covered, setCovered] = useState<FoundFile | null>(null);
  const isCovering = useRef(false);
  return {
    covering,
    covered,
    isCovering,
    cover(found: FoundFile) {
      isCovering.current = true;
      setCovering(found);
    },
    end() {
      isCovering.current = false;
      setCovered(covering);
      setCovering(null);
    },
  };
}

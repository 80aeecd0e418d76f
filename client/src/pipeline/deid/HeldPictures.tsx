/**
 * The large pictures of what is held back of a series, one after the other, with the decision beside each: a person who
 * has seen all of them releases all of them here.
 */
import type { FoundFile } from '../ingest/group-studies.ts';
import { staysHere } from '../ingest/held-back.ts';
import { useIngest } from '../ingest/ingest-context.ts';
import type { ComparisonStore } from './comparison.store.ts';
import { deidWords } from './deid-words.ts';
import type { FramePlace } from './follow-frame.ts';
import { Release } from './HeldInstance.tsx';
import { LargePicture } from './InstancePicture.tsx';
import { NamingTexts } from './NamingTexts.tsx';
import { seenOf } from './what-to-look-at.ts';

export interface OpenPictures {
  readonly first: FramePlace;
  /** Of it alone, not of the others of its series. */
  readonly isAlone: boolean;
  /** Shows them one after the other from the beginning. */
  readonly plays: boolean;
}

export type HeldPicturesProps = {
  readonly store: ComparisonStore;
  /** Null: none is. */
  readonly opened: OpenPictures | null;
  /** Those that a person goes through, where it is not opened alone. */
  readonly files: readonly FoundFile[];
  /** All of its series, in their order. */
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
  const policy = ingest.policy.value;
  const released = ingest.released.value;
  const numberOf = (found: FoundFile) => inSeries.indexOf(found) + 1;
  // Read at each call: the picture follows a decision made beside it.
  const boxesOf = (found: FoundFile) =>
    staysHere(ingest.policy.value, ingest.released.value, found)
      ? undefined
      : ingest.released.value.get(found.ordinal);
  const open = files.filter((found) => staysHere(policy, released, found));
  const seen = seenOf(store, policy, open);
  return (
    <LargePicture
      seen={store}
      files={files}
      first={opened.first}
      plays={opened.plays}
      numberOf={numberOf}
      boxesOf={(found) => boxesOf(found) ?? []}
      decide={(found) => (
        <>
          <NamingTexts found={found} />
          <Release
            store={store}
            found={found}
            place={deidWords.stage.instance(numberOf(found), inSeries.length)}
            boxes={boxesOf(found)}
          />
          {files.length > 1 && open.length > 0 && (
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
          )}
        </>
      )}
      onClose={onClose}
    />
  );
}

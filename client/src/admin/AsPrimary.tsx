/**
 * In the form of a new destination: whether it becomes the primary one. Asking here saves a search for it afterwards.
 */
import { useId } from 'preact/hooks';
import type { Destination } from '#shared/protocol/destination.ts';
import { Notice } from '../kit/Notice.tsx';
import { destinationWords } from './destination-words.ts';

const words = destinationWords.form;

export type AsPrimaryProps = {
  /** The current primary destination; null: there is no destination. */
  readonly primary: Destination | null;
  readonly isTicked: boolean;
  /** Ticked by the form, not by the person. */
  readonly isProposed: boolean;
  readonly onTick: (isTicked: boolean) => void;
};

export function AsPrimary({ primary, isTicked, isProposed, onTick }: AsPrimaryProps) {
  const hint = useId();
  if (primary === null)
    return (
      <Notice kind="wait" title={words.first}>
        <p>{destinationWords.primaryMeans}</p>
      </Notice>
    );
  return (
    <div class="stack-tight">
      <label class="choice">
        <input
          type="checkbox"
          class="tick"
          name="primary"
          checked={isTicked}
          aria-describedby={hint}
          onChange={({ currentTarget: { checked } }) => onTick(checked)}
        />
        <span>{words.primary}</span>
      </label>
      <p id={hint} class="small quiet">
        {isProposed && <>{words.primaryProposed(primary.name)} </>}
        {words.primaryWhat}
      </p>
      <div role="status">
        {isTicked && (
          <Notice kind="wait" title={words.primaryTaken(primary.name)}>
            <p>{words.primaryTakenMeans(primary.need)}</p>
          </Notice>
        )}
      </div>
    </div>
  );
}

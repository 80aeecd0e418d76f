/** The buttons of one destination. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { Destination } from '#shared/protocol/destination.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import type { DestinationsStore } from './destinations.store.ts';
import { destinationWords as words, type Warning } from './destination-words.ts';
import { ViewersSheet } from './ViewersSheet.tsx';
import { viewersWords } from './viewers-words.ts';
import { whyKept } from './why-kept.ts';
import { WorklistSheet } from './WorklistSheet.tsx';
import { worklistWords } from './worklist-words.ts';

type Props = { readonly destination: Destination; readonly store: DestinationsStore };

type ActionsProps = Props & {
  readonly isTesting: boolean;
  /** The question to ask before studies are sent there; null: the test found nothing that prevents it. */
  readonly warning: Warning | null;
  readonly onChange: () => void;
};

export function DestinationActions({ destination, store, onChange, isTesting, warning }: ActionsProps) {
  const { id, name, isPrimary, fromEnvironment } = destination;
  return (
    <div class="row">
      <Testing destination={destination} store={store} isTesting={isTesting} />
      {!fromEnvironment && (
        <button
          type="button"
          class="button"
          aria-haspopup="dialog"
          aria-label={words.of(words.change, name)}
          onClick={onChange}
        >
          {words.change}
        </button>
      )}
      <Opens
        label={viewersWords.button}
        of={viewersWords.title(name)}
        sheet={(onClose) => (
          <ViewersSheet destination={destination} onSave={store.setViewers} onClose={onClose} />
        )}
      />
      <Opens
        label={worklistWords.button}
        of={worklistWords.title(name)}
        sheet={(onClose) => (
          <WorklistSheet destination={destination} onSave={store.setWorklist} onClose={onClose} />
        )}
      />
      {!isPrimary && (
        <AskFirst
          label={words.makePrimary}
          of={words.of(words.makePrimary, name)}
          ask={warning ?? words.askPrimary(name)}
          onYes={() => void store.makePrimary(id)}
        />
      )}
    </div>
  );
}

/** The test buttons. Storing test instances needs its own confirmation. */
function Testing({
  destination: { id, name, kind },
  store,
  isTesting,
}: Pick<ActionsProps, 'destination' | 'store' | 'isTesting'>) {
  return (
    <>
      <button
        type="button"
        class="button"
        aria-label={words.of(words.test, name)}
        disabled={isTesting}
        onClick={() => void store.test(id, 'all')}
      >
        {words.test}
      </button>
      {kind !== 'folder' && (
        <AskFirst
          label={words.testStoring}
          of={words.of(words.testStoring, name)}
          ask={words.askStoring(name)}
          onYes={() => void store.test(id, 'store')}
        />
      )}
    </>
  );
}

type OpensProps = {
  readonly label: string;
  /** The button's label for screen readers, including the destination's name. */
  readonly of: string;
  readonly sheet: (onClose: () => void) => ComponentChildren;
};

function Opens({ label, of, sheet }: OpensProps) {
  const isOpen = useSignal(false);
  return (
    <>
      <button
        type="button"
        class="button"
        aria-haspopup="dialog"
        aria-label={of}
        onClick={() => (isOpen.value = true)}
      >
        {label}
      </button>
      {isOpen.value && sheet(() => (isOpen.value = false))}
    </>
  );
}

/** The delete button. For a destination that cannot be deleted, it says why. */
export function Removing({ destination, store }: Props) {
  const { id, name } = destination;
  const reason = useId();
  const why = whyKept(destination);
  const of = words.of(words.remove, name);
  if (why === null)
    return (
      <AskFirst
        label={words.remove}
        of={of}
        ask={words.askRemove(name)}
        onYes={() => void store.remove(id)}
      />
    );
  return (
    <>
      <button type="button" class="button" aria-label={of} aria-describedby={reason} disabled>
        {words.remove}
      </button>
      <span id={reason} class="small quiet">
        {words.kept[why]}
      </span>
    </>
  );
}

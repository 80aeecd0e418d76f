/** Closing a case, and opening a closed one again: each asks for words, which become a note. */
import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { FormActions } from '../kit/FormActions.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { ReasonField } from './ReasonField.tsx';
import type { CaseStore } from './case.store.ts';
import { caseWords } from './case-words.ts';

type SheetProps = { readonly store: CaseStore; readonly onClose: () => void };

export function CloseSheet({ store, onClose }: SheetProps) {
  const words = caseWords.closing;
  return (
    <ReasonSheet words={words} store={store} onClose={onClose} onSend={(reason) => store.end(reason)}>
      <p class="quiet">{words.what}</p>
    </ReasonSheet>
  );
}

export function ReopenSheet({ store, onClose }: SheetProps) {
  const words = caseWords.reopening;
  return (
    <ReasonSheet
      words={words}
      store={store}
      missing={words.missing}
      onClose={onClose}
      onSend={(reason) => store.reopen(reason)}
    />
  );
}

type ReasonSheetProps = SheetProps & {
  readonly words: Readonly<Record<'title' | 'reason' | 'submit' | 'submitting', string>>;
  /** The sentence where nothing was typed; without it nothing need be. */
  readonly missing?: string;
  readonly onSend: (reason: string) => Promise<boolean>;
  readonly children?: ComponentChildren;
};

function ReasonSheet({ words, store, missing, onSend, onClose, children }: ReasonSheetProps) {
  const reason = useSignal('');
  const isMissing = useSignal(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const said = reason.value.trim();
    isMissing.value = missing !== undefined && said === '';
    if (!isMissing.value && (await onSend(said))) onClose();
  };
  return (
    <Sheet title={words.title} onClose={onClose}>
      <form class="stack sheet-part" onSubmit={(event) => void submit(event)} noValidate>
        {children}
        <ReasonField
          {...{ label: words.reason, reason }}
          isMissing={isMissing.value}
          missing={missing ?? null}
        />
        <TroubleAlert trouble={store.trouble.value} />
        <FormActions
          submit={words.submit}
          submitting={words.submitting}
          isBusy={store.isBusy.value}
          onCancel={onClose}
        />
      </form>
    </Sheet>
  );
}

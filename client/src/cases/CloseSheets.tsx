/** Sheets for closing a case and reopening a closed one. Each asks for a reason, which becomes a note. */
import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import { FormSheet } from '../kit/FormSheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useStoreForm } from '../kit/use-form.ts';
import { ReasonField } from './ReasonField.tsx';
import type { CaseStore } from './case.store.ts';
import { caseWords } from './parts/case-words.ts';

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
  /** Shown if nothing was typed. If undefined, the text is optional. */
  readonly missing?: string;
  readonly onSend: (reason: string) => Promise<boolean>;
  readonly children?: ComponentChildren;
};

function ReasonSheet({ words, store, missing, onSend, onClose, children }: ReasonSheetProps) {
  const reason = useSignal('');
  const form = useStoreForm<'reason'>(store);
  const send = () =>
    form.submit(async () => {
      const said = reason.value.trim();
      if (missing !== undefined && said === '') return { ...mistakeOf(missing), field: 'reason' };
      if (await onSend(said)) onClose();
    });
  return (
    <FormSheet title={words.title} form={form} words={words} onSubmit={send} onClose={onClose}>
      {children}
      <ReasonField label={words.reason} reason={reason} />
    </FormSheet>
  );
}

/** The form of one modality. */
import { type Signal, useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { DimsePeer, DimsePeerWish } from '#shared/protocol/dimse-peer.ts';
import { SENDING_REASONS } from '#shared/protocol/sending-reason.ts';
import { FormActions } from '../kit/FormActions.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { useSubmit } from '../kit/use-submit.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { troubleOf, type Trouble } from './admin-trouble.ts';
import { readPeer, toTypedPeer, type TypedPeer } from './dimse-peer-form.ts';
import { dimsePeerWords, type PeerField } from './dimse-peer-words.ts';
import type { PeerChoices } from './dimse-peers.store.ts';

const words = dimsePeerWords.form;

export type DimsePeerSheetProps = {
  /** Null: a new one. */
  readonly peer: DimsePeer | null;
  readonly choices: PeerChoices;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (id: string | null, wish: DimsePeerWish) => Promise<void>;
  readonly onClose: () => void;
};

type Mistake = Trouble & { readonly field: PeerField | null };
type Form = {
  readonly typed: Signal<TypedPeer>;
  readonly mistake: Signal<Mistake | null>;
  readonly message: string;
};

export function DimsePeerSheet({ peer, choices, onSave, onClose }: DimsePeerSheetProps) {
  const form: Form = {
    typed: useSignal(toTypedPeer(peer)),
    mistake: useSignal<Mistake | null>(null),
    message: useId(),
  };
  const submitting = useSubmit((error) => (form.mistake.value = { ...troubleOf(error), field: null }));
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const read = readPeer(form.typed.value);
    form.mistake.value =
      read.kind === 'wish'
        ? null
        : { title: words.mistakes[read.field], next: null, code: null, field: read.field };
    if (read.kind === 'mistake') return;
    await submitting.run(async () => {
      await onSave(peer?.id ?? null, read.wish);
      onClose();
    });
  };
  const { accounts, policies } = choices;
  return (
    <Sheet title={peer === null ? words.add : words.change(peer.name)} onClose={onClose}>
      <form class="stack sheet-part" onSubmit={(event) => void save(event)} noValidate>
        <Text form={form} name="name" label={words.name} hint={words.nameHint} />
        <Text form={form} name="aeTitle" label={words.aeTitle} what={words.aeTitleWhat} />
        <Text form={form} name="addresses" label={words.addresses} what={words.addressesWhat} />
        <Choice form={form} name="accountId" label={words.account} what={words.accountWhat}>
          {[
            { value: '', text: words.noAccount },
            ...accounts.map(({ id, username }) => ({ value: id, text: username })),
          ]}
        </Choice>
        <Choice form={form} name="policy" label={words.policy}>
          {[
            ...(form.typed.value.policy === '' ? [{ value: '', text: words.noPolicy }] : []),
            ...policies.map((name) => ({ value: name, text: name })),
          ]}
        </Choice>
        <Choice form={form} name="reason" label={words.reason}>
          {[
            { value: '', text: words.noReason },
            ...SENDING_REASONS.map((reason) => ({ value: reason, text: words.reasons[reason] })),
          ]}
        </Choice>
        <TroubleAlert trouble={form.mistake.value} id={form.message} />
        <FormActions
          submit={words.save}
          submitting={words.saving}
          isBusy={submitting.isBusy.value}
          onCancel={onClose}
        />
      </form>
    </Sheet>
  );
}

type FieldProps = {
  readonly form: Form;
  readonly name: PeerField;
  readonly label: string;
  readonly what?: string;
};

const enter = ({ typed }: Form, name: PeerField, value: string): void => {
  typed.value = { ...typed.value, [name]: value };
};
/** Tells people who do not see the screen that the field is the wrong one. */
const stateOf = ({ mistake, message }: Form, name: PeerField) =>
  mistake.value?.field === name ? { 'aria-invalid': true, 'aria-describedby': message } : {};

function Text({ form, name, label, what, hint }: FieldProps & { readonly hint?: string }) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        type="text"
        autocomplete="off"
        spellcheck={false}
        placeholder={hint}
        value={form.typed.value[name]}
        onInput={({ currentTarget }) => enter(form, name, currentTarget.value)}
        {...stateOf(form, name)}
      />
      {what && <span class="small quiet">{what}</span>}
    </label>
  );
}

type ChoiceProps = FieldProps & {
  readonly children: readonly { readonly value: string; readonly text: string }[];
};

function Choice({ form, name, label, what, children }: ChoiceProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select
        value={form.typed.value[name]}
        onChange={({ currentTarget }) => enter(form, name, currentTarget.value)}
        {...stateOf(form, name)}
      >
        {children.map(({ value, text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      {what && <span class="small quiet">{what}</span>}
    </label>
  );
}

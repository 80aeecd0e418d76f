/** The form of one modality. */
import { useSignal } from '@preact/signals';
import type { DimsePeer, DimsePeerWish } from '#shared/protocol/dimse-peer.ts';
import { SENDING_REASONS } from '#shared/protocol/sending-reason.ts';
import { SelectField, TextField } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm } from '../kit/use-form.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { readPeer, toTypedPeer } from './dimse-peer-form.ts';
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

export function DimsePeerSheet({ peer, choices, onSave, onClose }: DimsePeerSheetProps) {
  const typed = useSignal(toTypedPeer(peer));
  const form = useForm<PeerField>(troubleOf);
  const save = (): Promise<void> => {
    const read = readPeer(typed.value);
    const mistake =
      read.kind === 'wish' ? null : { ...mistakeOf(words.mistakes[read.field]), field: read.field };
    return form.submit(mistake, async () => {
      if (read.kind === 'wish') await onSave(peer?.id ?? null, read.wish);
      onClose();
    });
  };
  const { accounts, policies } = choices;
  const of = (name: PeerField, label: string) => ({
    label,
    value: typed.value[name],
    onChange: (value: string) => (typed.value = { ...typed.value, [name]: value }),
    of: [form, name] as const,
  });
  return (
    <FormSheet
      title={peer === null ? words.add : words.change(peer.name)}
      form={form}
      submit={words.save}
      submitting={words.saving}
      onSubmit={save}
      onClose={onClose}
    >
      <TextField {...of('name', words.name)} hint={words.nameHint} />
      <TextField {...of('aeTitle', words.aeTitle)} what={words.aeTitleWhat} />
      <TextField {...of('addresses', words.addresses)} what={words.addressesWhat} />
      <SelectField
        {...of('accountId', words.account)}
        what={words.accountWhat}
        options={[
          { value: '', text: words.noAccount },
          ...accounts.map(({ id, username }) => ({ value: id, text: username })),
        ]}
      />
      <SelectField
        {...of('policy', words.policy)}
        options={[
          ...(typed.value.policy === '' ? [{ value: '', text: words.noPolicy }] : []),
          ...policies.map((name) => ({ value: name, text: name })),
        ]}
      />
      <SelectField
        {...of('reason', words.reason)}
        options={[
          { value: '', text: words.noReason },
          ...SENDING_REASONS.map((reason) => ({ value: reason, text: words.reasons[reason] })),
        ]}
      />
    </FormSheet>
  );
}

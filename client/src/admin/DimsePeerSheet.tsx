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

type DimsePeerSheetProps = {
  /** Null: a new modality. */
  readonly peer: DimsePeer | null;
  readonly choices: PeerChoices;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (id: string | null, wish: DimsePeerWish) => Promise<void>;
  readonly onClose: () => void;
};

export function DimsePeerSheet({ peer, choices, onSave, onClose }: DimsePeerSheetProps) {
  const typed = useSignal(toTypedPeer(peer));
  const form = useForm<PeerField>(troubleOf);
  const save = () =>
    form.submit(async () => {
      const read = readPeer(typed.value);
      if (read.kind === 'mistake') return { ...mistakeOf(words.mistakes[read.field]), field: read.field };
      await onSave(peer?.id ?? null, read.wish);
      onClose();
    });
  const { accounts, policies } = choices;
  const of = (name: PeerField, label: string) => ({
    label,
    name,
    value: typed.value[name],
    onChange: (value: string) => (typed.value = { ...typed.value, [name]: value }),
  });
  return (
    <FormSheet
      title={peer === null ? words.add : words.change(peer.name)}
      form={form}
      onSubmit={save}
      onClose={onClose}
    >
      <TextField {...of('name', words.name)} hint={words.nameHint} />
      <TextField {...of('aeTitle', words.aeTitle)} what={words.aeTitleWhat} />
      <TextField {...of('addresses', words.addresses)} what={words.addressesWhat} />
      <SelectField
        {...of('accountId', words.account)}
        what={words.accountWhat}
        options={[['', words.noAccount], ...accounts.map(({ id, username }) => [id, username] as const)]}
      />
      <SelectField
        {...of('policy', words.policy)}
        options={[
          ...(typed.value.policy === '' ? [['', words.noPolicy] as const] : []),
          ...policies.map((name) => [name, name] as const),
        ]}
      />
      <SelectField
        {...of('reason', words.reason)}
        options={[
          ['', words.noReason],
          ...SENDING_REASONS.map((reason) => [reason, words.reasons[reason]] as const),
        ]}
      />
    </FormSheet>
  );
}

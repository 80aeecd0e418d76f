/** The form of a new vault: the two people who hold the halves of its key. */
import { useEffect } from 'preact/hooks';
import { SelectField } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm, type Mistake } from '../kit/use-form.ts';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { troubleOf } from '../net/trouble-of.ts';
import { adminWords } from './admin-words.ts';
import { vaultWords } from './vault-words.ts';
import type { VaultStore } from './vault.store.ts';

const words = vaultWords.makeSheet;
type Holder = keyof typeof words.holders;
const HOLDERS = Object.keys(words.holders) as readonly Holder[];

type MakeVaultSheetProps = { readonly store: VaultStore; readonly onClose: () => void };

export function MakeVaultSheet({ store, onClose }: MakeVaultSheetProps) {
  const form = useForm<Holder>(troubleOf);
  useEffect(() => void store.loadPeople(), [store]);
  const make = (data: FormData) =>
    form.submit(async () => {
      const chosen = HOLDERS.map((holder) => String(data.get(holder)));
      const mistake = mistakeIn(chosen);
      if (mistake !== null) return mistake;
      await store.make(chosen);
      onClose();
    });
  return (
    <FormSheet
      title={vaultWords.make}
      form={form}
      words={words}
      isReady={store.people.value.value !== null}
      onSubmit={make}
      onClose={onClose}
    >
      <p>{words.what}</p>
      <WhenKnown of={store.people} loading={adminWords.loading}>
        {(people) =>
          HOLDERS.map((holder) => (
            <SelectField
              key={holder}
              name={holder}
              label={words.holders[holder]}
              initial=""
              options={[['', words.choose], ...people.map((name) => [name, name] as const)]}
            />
          ))
        }
      </WhenKnown>
    </FormSheet>
  );
}

function mistakeIn(chosen: readonly string[]): Mistake<Holder> | null {
  const missing = HOLDERS.filter((_, at) => chosen[at] === '').map((field) => ({
    ...mistakeOf(words.missing),
    field,
  }));
  const [first, ...also] = missing;
  if (first !== undefined) return { ...first, also };
  return chosen[0] === chosen[1] ? { ...mistakeOf(words.same), field: 'second' } : null;
}

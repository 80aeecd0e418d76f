/** The form of one destination. It never contains a saved secret, and forgets a typed one when it closes. */
import { type Signal, useSignal } from '@preact/signals';
import { mayCommit, type Destination, type DestinationWish } from '#shared/protocol/destination.ts';
import { SelectField, TextField, TickField, type TextFieldProps } from '../kit/fields.tsx';
import { FormSheet } from '../kit/FormSheet.tsx';
import { Icon } from '../kit/Icon.tsx';
import { Notice } from '../kit/Notice.tsx';
import { mistakeOf } from '../kit/trouble.ts';
import { useForm, type Mistake } from '../kit/use-form.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { ApiProblem } from '../net/api-client.ts';
import { AsPrimary, type AsPrimaryProps } from './AsPrimary.tsx';
import {
  findTwin,
  freeName,
  hasCertificates,
  hasSignIn,
  isInTheClear,
  readForm,
  toTyped,
  type Typed,
  withSecrets,
} from './destination-form.ts';
import { addressWords, folderMistake, destinationWords, type FieldName } from './destination-words.ts';
import type { DestinationsStore } from './destinations.store.ts';
import { isProposedAsPrimary, primaryOf } from './propose-primary.ts';
import type { Secrets } from './typed-secrets.ts';

const words = destinationWords.form;

type DestinationSheetProps = {
  /** Null: a new destination. */
  readonly destination: Destination | null;
  readonly all: readonly Destination[];
  /** The folder in which destination folders may lie; null: folders are not allowed. */
  readonly folderRoot: string | null;
  readonly tests: DestinationsStore['tests']['value'];
  /** The secrets typed on this page for this destination. */
  readonly secrets: Secrets;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (id: string | null, wish: DestinationWish, isPrimary: boolean) => Promise<void>;
  readonly onClose: () => void;
};

type Part = {
  readonly typed: Signal<Typed>;
  readonly isNew: boolean;
};

export function DestinationSheet(props: DestinationSheetProps) {
  const { destination, all, folderRoot, secrets, onSave, onClose } = props;
  const taken = all.map(({ name }) => name);
  const isNew = destination === null;
  const typed = useSignal(toTyped(destination));
  const form = useForm<FieldName>((error) => toRefusal(error, typed.value, taken));
  const asPrimary = useAsPrimary(props);
  const save = () =>
    form.submit(async () => {
      const before = isNew ? null : toTyped(destination);
      const read = readForm(withSecrets(typed.value, before, secrets), before, taken, folderRoot);
      if (read.kind === 'mistake') return mistakeIn(read.field, typed.value, isNew, folderRoot);
      const wish = { ...read.wish, version: destination?.version };
      await onSave(destination?.id ?? null, wish, asPrimary.isTicked);
      onClose();
    });
  const part = { typed, isNew };
  return (
    <FormSheet
      title={isNew ? words.add : words.change(destination.name)}
      form={form}
      class="destination-form"
      onSubmit={save}
      onClose={onClose}
    >
      <Text {...part} name="name" label={words.name} what={isNew ? words.nameOfNew : words.nameWhat} />
      <Choice {...part} name="kind" label={words.kind} options={words.kindNames} />
      <Address {...part} {...props} />
      {hasSignIn(typed.value.kind) && <SignIn {...part} />}
      {hasCertificates(typed.value) && <Certificates {...part} />}
      {mayCommit(typed.value.kind) && (
        <TickField
          name="commitment"
          label={words.commitment}
          what={words.commitmentWhat[typed.value.kind]}
          isTicked={typed.value.commits}
          onTick={(commits) => (typed.value = { ...typed.value, commits })}
        />
      )}
      {isNew && <AsPrimary {...asPrimary} />}
    </FormSheet>
  );
}

/** Until the person changes the checkbox, it follows new test results. */
function useAsPrimary({ destination, all, tests }: DestinationSheetProps): AsPrimaryProps {
  const ticked = useSignal<boolean | null>(null);
  const isProposed = ticked.value === null && destination === null && isProposedAsPrimary(all, tests);
  return {
    primary: primaryOf(all),
    isTicked: ticked.value ?? isProposed,
    isProposed,
    onTick: (isTicked) => (ticked.value = isTicked),
  };
}

type AddressProps = Pick<DestinationSheetProps, 'destination' | 'all' | 'folderRoot'> & Part;

function Address({ typed, isNew, destination, all, folderRoot }: AddressProps) {
  const others = all.filter(({ id }) => id !== destination?.id);
  const twin = findTwin(typed.value, others);
  return (
    <>
      {typed.value.kind === 'dimse' ? (
        <Peer typed={typed} isNew={isNew} />
      ) : (
        <Text {...{ typed, isNew }} name="url" {...addressWords(typed.value.kind, folderRoot)} />
      )}
      {twin && (
        <Notice kind="wait" title={words.twin(twin.name)}>
          <p>{words.twinMeans}</p>
        </Notice>
      )}
      {isInTheClear(typed.value) && <Notice kind="wait">{words.inTheClear}</Notice>}
    </>
  );
}

function mistakeIn(
  field: FieldName,
  { kind }: Typed,
  isNew: boolean,
  folderRoot: string | null,
): Mistake<FieldName> {
  const isSecret = ['password', 'token', 'clientSecret'].includes(field);
  const title = field === 'url' ? addressMistake(kind, folderRoot) : words.mistakes[field];
  return { ...mistakeOf(title, !isNew && isSecret ? words.secretAgain : null), field };
}

function addressMistake(kind: Typed['kind'], folderRoot: string | null): string {
  if (kind === 'dimse') return words.mistakes.host;
  return kind === 'folder' ? folderMistake(folderRoot) : words.addresses[kind].mistake;
}

const NAME_TAKEN = 'destination-exists';

function toRefusal(error: unknown, typed: Typed, taken: readonly string[]): Mistake<FieldName> {
  const trouble = troubleOf(error);
  if (trouble.code === NAME_TAKEN) {
    const name = typed.name.trim();
    const next = name === '' ? words.nameAgain : words.nameFree(freeName(name, [...taken, name]));
    return { ...trouble, next, field: 'name' };
  }
  // The gateway's detail names the field, but never what was typed.
  const detail = error instanceof ApiProblem ? error.detail : null;
  return { ...trouble, next: detail ?? trouble.next };
}

const Text = ({ typed, name, ...props }: Part & { readonly name: FieldName } & TextFieldProps) => (
  <TextField
    {...props}
    name={name}
    value={typed.value[name]}
    onChange={(value) => (typed.value = { ...typed.value, [name]: value })}
  />
);

/** A field for a secret. A saved secret is never shown, and an empty field keeps it. */
const Secret = (props: Parameters<typeof Text>[0]) => (
  <Text what={props.isNew ? null : words.keptHere} {...props} type="password" autocomplete="new-password" />
);

type ChoiceName = 'kind' | 'connection' | 'signIn';
type ChoiceProps<Name extends ChoiceName> = Part & {
  readonly name: Name;
  readonly label: string;
  readonly options: Readonly<Record<Typed[Name], string>>;
};

const Choice = <Name extends ChoiceName>({ typed, name, label, options }: ChoiceProps<Name>) => (
  <SelectField<Typed[Name]>
    label={label}
    name={name}
    value={typed.value[name]}
    options={options}
    onChange={(value) => (typed.value = { ...typed.value, [name]: value })}
  />
);

const Peer = (part: Part) => (
  <>
    <Text {...part} name="host" label={words.host} />
    <Text {...part} name="port" label={words.port} what={words.portWhat} />
    <Text {...part} name="calledAE" label={words.calledAE} />
    <Text {...part} name="callingAE" label={words.callingAE} what={words.callingAEWhat} />
    <Choice {...part} name="connection" label={words.connection} options={words.connections} />
  </>
);

function SignIn(part: Part) {
  const { signIn } = part.typed.value;
  return (
    <>
      <Choice {...part} name="signIn" label={words.authentication} options={words.signIns} />
      {signIn === 'basic' && (
        <>
          <Text {...part} name="username" label={words.username} />
          <Secret
            {...part}
            name="password"
            label={words.password}
            what={part.isNew ? words.nobody : words.keptHere}
          />
        </>
      )}
      {signIn === 'bearer' && <Secret {...part} name="token" label={words.token} />}
      {signIn === 'oauth' && (
        <>
          <Text {...part} name="tokenUrl" label={words.tokenUrl} />
          <Text {...part} name="clientId" label={words.clientId} />
          <Secret {...part} name="clientSecret" label={words.clientSecret} />
          <Text {...part} name="scope" label={words.scope} />
        </>
      )}
    </>
  );
}

function Certificates(part: Part) {
  const { isNew, typed } = part;
  const caWhat = isNew || typed.value.signIn === 'none' ? null : words.caWhat;
  return (
    <details class="disclosure">
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {words.certificates}
      </summary>
      <div class="stack">
        <Text {...part} name="ca" label={words.ca} rows={4} what={caWhat} />
        <Text {...part} name="certificate" label={words.certificate} rows={4} />
        <Text {...part} name="key" label={words.key} rows={4} what={isNew ? null : words.kept} />
      </div>
    </details>
  );
}

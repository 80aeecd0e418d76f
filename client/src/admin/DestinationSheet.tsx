/** The form of one destination. It never holds a saved secret, and forgets a typed one when it closes. */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import {
  mayCommit,
  type CommittingKind,
  type Destination,
  type DestinationKind,
  type DestinationWish,
} from '#shared/protocol/destination.ts';
import { troubleOf } from '../net/trouble-of.ts';
import { mistakeOf, type Trouble } from '../kit/trouble.ts';
import { Icon } from '../kit/Icon.tsx';
import { FormActions } from '../kit/FormActions.tsx';
import { Notice } from '../kit/Notice.tsx';
import { Sheet } from '../kit/Sheet.tsx';
import { TroubleNotice } from '../kit/TroubleAlert.tsx';
import { useSubmit } from '../kit/use-submit.ts';
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
import {
  addressWords,
  folderMistake,
  destinationWords,
  type AuthenticationKind,
  type DimseConnection,
  type FieldName,
} from './destination-words.ts';
import type { DestinationsStore } from './destinations.store.ts';
import { isProposedAsPrimary, primaryOf } from './propose-primary.ts';
import type { Secrets } from './typed-secrets.ts';

const words = destinationWords.form;

export type DestinationSheetProps = {
  /** Null: a new one. */
  readonly destination: Destination | null;
  readonly all: readonly Destination[];
  /** Where folders may be destinations; null: nowhere. */
  readonly folderRoot: string | null;
  readonly tests: DestinationsStore['tests']['value'];
  /** Typed on this page, for this destination. */
  readonly secrets: Secrets;
  /** Throws ApiProblem, Unreachable. */
  readonly onSave: (id: string | null, wish: DestinationWish, isPrimary: boolean) => Promise<void>;
  readonly onClose: () => void;
};

/** A mistake, and the field that it lies in; null: in none, or the gateway refused. */
type Mistake = Trouble & { readonly field: FieldName | null };
type Form = {
  readonly typed: Signal<Typed>;
  readonly mistake: Signal<Mistake | null>;
  readonly message: string;
  readonly isNew: boolean;
  /** Null: a new one. */
  readonly before: Typed | null;
};

export function DestinationSheet(props: DestinationSheetProps) {
  const { destination, all, folderRoot, secrets, onSave, onClose } = props;
  const taken = all.map(({ name }) => name);
  const form: Form = {
    typed: useSignal(toTyped(destination)),
    mistake: useSignal<Mistake | null>(null),
    message: useId(),
    isNew: destination === null,
    before: destination === null ? null : toTyped(destination),
  };
  const submitting = useSubmit((error) => {
    form.mistake.value = toRefusal(error, form, taken);
  });
  const asPrimary = useAsPrimary(props);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const typed = withSecrets(form.typed.value, form.before, secrets);
    const read = readForm(typed, form.before, taken, folderRoot);
    form.mistake.value = read.kind === 'wish' ? null : toMistake(read.field, form, folderRoot);
    if (read.kind === 'mistake') return;
    await submitting.run(async () => {
      await onSave(
        destination?.id ?? null,
        { ...read.wish, version: destination?.version },
        asPrimary.isTicked,
      );
      onClose();
    });
  };
  return (
    <Sheet title={destination === null ? words.add : words.change(destination.name)} onClose={onClose}>
      <form
        ref={useMistakeInSight(form.mistake.value)}
        class="stack sheet-part destination-form"
        onSubmit={(event) => void save(event)}
        noValidate
      >
        <Field
          form={form}
          name="name"
          label={words.name}
          what={form.isNew ? words.nameOfNew : words.nameWhat}
        />
        <Kind form={form} />
        <Address form={form} {...props} />
        <Details form={form} />
        {form.isNew && <AsPrimary {...asPrimary} />}
        <div role="alert">
          {form.mistake.value?.field === null && <TroubleNotice trouble={form.mistake.value} />}
        </div>
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

/** Until the person ticks or unticks it, the form follows what is found meanwhile. */
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

type AddressProps = Pick<DestinationSheetProps, 'destination' | 'all' | 'folderRoot'> & {
  readonly form: Form;
};

function Address({ form, destination, all, folderRoot }: AddressProps) {
  const { value: typed } = form.typed;
  const others = all.filter(({ id }) => id !== destination?.id);
  const twin = findTwin(typed, others);
  return (
    <>
      {typed.kind === 'dimse' ? (
        <Peer form={form} />
      ) : (
        <Field form={form} name="url" {...addressWords(typed.kind, folderRoot)} />
      )}
      {twin && (
        <Notice kind="wait" title={words.twin(twin.name)}>
          <p>{words.twinMeans}</p>
        </Notice>
      )}
      {isInTheClear(typed) && <Notice kind="wait">{words.inTheClear}</Notice>}
    </>
  );
}

function Details({ form }: { readonly form: Form }) {
  const { value: typed } = form.typed;
  return (
    <>
      {hasSignIn(typed.kind) && <SignIn form={form} />}
      {hasCertificates(typed) && <Certificates form={form} />}
      {mayCommit(typed.kind) && <Commitment form={form} kind={typed.kind} />}
    </>
  );
}

const toMistake = (field: FieldName, { typed, isNew }: Form, folderRoot: string | null): Mistake => ({
  ...mistakeOf(
    mistakeIn(field, typed.value, folderRoot),
    !isNew && ['password', 'token', 'clientSecret'].includes(field) ? words.secretAgain : null,
  ),
  field,
});

const NAME_TAKEN = 'destination-exists';

function toRefusal(error: unknown, { typed }: Form, taken: readonly string[]): Mistake {
  const trouble = troubleOf(error);
  if (trouble.code === NAME_TAKEN) {
    const name = typed.value.name.trim();
    const next = name === '' ? words.nameAgain : words.nameFree(freeName(name, [...taken, name]));
    return { ...trouble, next, field: 'name' };
  }
  // The gateway's detail names the field, never what was typed.
  const detail = error instanceof ApiProblem ? error.detail : null;
  return { ...trouble, next: detail ?? trouble.next, field: null };
}

/** The field with the mistake gets the focus, and its message lies beneath it; another message comes into sight. */
function useMistakeInSight(mistake: Mistake | null): { current: HTMLFormElement | null } {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (mistake === null) return;
    const at = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    const folded = at?.closest('details');
    if (folded) folded.open = true;
    at?.focus({ preventScroll: true });
    (at ?? form.current?.querySelector('[role=alert]'))?.scrollIntoView({ block: 'center' });
  }, [mistake]);
  return form;
}

function mistakeIn(field: FieldName, { kind }: Typed, folderRoot: string | null): string {
  if (field !== 'url') return words.mistakes[field];
  if (kind === 'dimse') return words.mistakes.host;
  return kind === 'folder' ? folderMistake(folderRoot) : words.addresses[kind].mistake;
}

type ChoiceProps<T extends string> = {
  readonly label: string;
  readonly names: Readonly<Record<T, string>>;
  readonly value: T;
  readonly onChoose: (value: T) => void;
};

function Choice<T extends string>({ label, names, value, onChoose }: ChoiceProps<T>) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value as T)}>
        {(Object.keys(names) as T[]).map((one) => (
          <option key={one} value={one}>
            {names[one]}
          </option>
        ))}
      </select>
    </label>
  );
}

function Kind({ form: { typed } }: { readonly form: Form }) {
  return (
    <Choice<DestinationKind>
      label={words.kind}
      names={words.kindNames}
      value={typed.value.kind}
      onChoose={(kind) => (typed.value = { ...typed.value, kind })}
    />
  );
}

function Peer({ form }: { readonly form: Form }) {
  const { typed } = form;
  return (
    <>
      <Field form={form} name="host" label={words.host} />
      <Field form={form} name="port" label={words.port} what={words.portWhat} />
      <Field form={form} name="calledAE" label={words.calledAE} />
      <Field form={form} name="callingAE" label={words.callingAE} what={words.callingAEWhat} />
      <Choice<DimseConnection>
        label={words.connection}
        names={words.connections}
        value={typed.value.connection}
        onChoose={(connection) => (typed.value = { ...typed.value, connection })}
      />
    </>
  );
}

function Commitment({ form: { typed }, kind }: { readonly form: Form; readonly kind: CommittingKind }) {
  const hint = useId();
  return (
    <div class="stack-tight">
      <label class="choice">
        <input
          type="checkbox"
          class="tick"
          name="commitment"
          checked={typed.value.commits}
          aria-describedby={hint}
          onChange={({ currentTarget: { checked } }) => (typed.value = { ...typed.value, commits: checked })}
        />
        <span>{words.commitment}</span>
      </label>
      <p id={hint} class="small quiet">
        {words.commitmentWhat[kind]}
      </p>
    </div>
  );
}

function SignIn({ form }: { readonly form: Form }) {
  const { typed, isNew } = form;
  const kept = isNew ? {} : { what: words.keptHere };
  const { signIn: kind } = typed.value;
  return (
    <>
      <Choice<AuthenticationKind>
        label={words.authentication}
        names={words.signIns}
        value={kind}
        onChoose={(signIn) => (typed.value = { ...typed.value, signIn })}
      />
      {kind === 'basic' && (
        <>
          <Field form={form} name="username" label={words.username} />
          <Field
            form={form}
            name="password"
            label={words.password}
            isSecret
            what={isNew ? words.nobody : words.keptHere}
          />
        </>
      )}
      {kind === 'bearer' && <Field form={form} name="token" label={words.token} isSecret {...kept} />}
      {kind === 'oauth' && (
        <>
          <Field form={form} name="tokenUrl" label={words.tokenUrl} />
          <Field form={form} name="clientId" label={words.clientId} />
          <Field form={form} name="clientSecret" label={words.clientSecret} isSecret {...kept} />
          <Field form={form} name="scope" label={words.scope} />
        </>
      )}
    </>
  );
}

function Certificates({ form }: { readonly form: Form }) {
  return (
    <details class="disclosure">
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {words.certificates}
      </summary>
      <div class="stack">
        <Field
          form={form}
          name="ca"
          label={words.ca}
          isLong
          {...(form.isNew || form.typed.value.signIn === 'none' ? {} : { what: words.caWhat })}
        />
        <Field form={form} name="certificate" label={words.certificate} isLong />
        <Field
          form={form}
          name="key"
          label={words.key}
          isLong
          {...(form.isNew ? {} : { what: words.kept })}
        />
      </div>
    </details>
  );
}

type FieldProps = {
  readonly form: Form;
  readonly name: FieldName;
  readonly label: string;
  readonly what?: string;
  readonly isSecret?: boolean;
  readonly isLong?: boolean;
};

function Field({ form, name, label, what, isSecret = false, isLong = false }: FieldProps) {
  const { typed, mistake, message } = form;
  const id = useId();
  const hint = `${id}-hint`;
  const wrong = mistake.value?.field === name ? mistake.value : null;
  const described = [...(what === undefined ? [] : [hint]), ...(wrong === null ? [] : [message])];
  const input = {
    id,
    name,
    value: typed.value[name],
    spellcheck: false,
    'aria-invalid': wrong !== null,
    'aria-describedby': described.join(' ') || undefined,
    onInput: ({ currentTarget: { value } }: { readonly currentTarget: { readonly value: string } }) => {
      typed.value = { ...typed.value, [name]: value };
    },
  };
  return (
    <div class="stack-tight">
      <label class="field" for={id}>
        <span>{label}</span>
        {isLong ? (
          <textarea rows={4} {...input} />
        ) : (
          <input
            type={(isSecret ? 'password' : 'text') as 'password'}
            autocomplete={isSecret ? 'new-password' : 'off'}
            {...input}
          />
        )}
      </label>
      {what && (
        <p id={hint} class="small quiet">
          {what}
        </p>
      )}
      {wrong && (
        <div id={message} role="alert">
          <TroubleNotice trouble={wrong} />
        </div>
      )}
    </div>
  );
}

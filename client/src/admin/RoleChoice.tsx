/** The roles of an account, each with its rights. */
import { type Role, ROLES } from '#shared/protocol/api.ts';
import { useMistakeOf } from '../kit/fields.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { accountsWords as words } from './accounts-words.ts';

type RoleChoiceProps = {
  readonly chosen: readonly Role[];
  /** A role that must not change; null: every role can be changed. */
  readonly fixed: Role | null;
  readonly onChoose: (roles: readonly Role[]) => void;
};

export function RoleChoice({ chosen, fixed, onChoose }: RoleChoiceProps) {
  const toggle = (role: Role): void =>
    onChoose(ROLES.filter((each) => chosen.includes(each) !== (each === role)));
  const { mistake, message } = useMistakeOf('roles');
  return (
    <fieldset aria-describedby={mistake ? message : undefined}>
      <legend class="strong">{words.roles}</legend>
      {ROLES.map((role) => (
        <label key={role} class="choice">
          <input
            type="checkbox"
            class="tick"
            name="role"
            value={role}
            checked={chosen.includes(role)}
            disabled={role === fixed}
            onChange={() => toggle(role)}
          />
          <span>
            {kitWords.roles[role]}
            <span class="small quiet role-may">{words.may[role]}</span>
          </span>
        </label>
      ))}
      {mistake && <TroubleAlert trouble={mistake} id={message} />}
    </fieldset>
  );
}

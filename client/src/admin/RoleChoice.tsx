/** The roles of an account, each with what it may do. */
import { type Role, ROLES } from '#shared/protocol/api.ts';
import { kitWords } from '../kit/kit-words.ts';
import { accountsWords as words } from './accounts-words.ts';

export type RoleChoiceProps = {
  readonly chosen: readonly Role[];
  /** The role that stays as it is; null: every role can be changed. */
  readonly fixed: Role | null;
  /** The id of what is said about a mistake in them; null: there is none. */
  readonly message: string | null;
  readonly onChoose: (roles: readonly Role[]) => void;
};

export function RoleChoice({ chosen, fixed, message, onChoose }: RoleChoiceProps) {
  const toggle = (role: Role): void =>
    onChoose(ROLES.filter((each) => chosen.includes(each) !== (each === role)));
  return (
    <fieldset aria-describedby={message ?? undefined}>
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
    </fieldset>
  );
}

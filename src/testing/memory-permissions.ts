import type { GrantedPermissions, PermissionTable } from '../core/backends';
import type { BaseUser } from '../core/users';

/**
 * Permissions and groups in memory, written `app_label.codename`. What is set here is seen at the next question.
 *
 * @example
 * const users = new MemoryUserStore();
 * users.permissions.setOfUser(ann, ['notes.add_note']);
 * users.permissions.setOfGroup('editors', ['notes.change_note']);
 * users.permissions.setGroups(ann, ['editors']);
 */
export class MemoryPermissions implements PermissionTable {
  readonly #ofUsers = new Map<unknown, readonly string[]>();
  readonly #ofGroups = new Map<string, readonly string[]>();
  readonly #groups = new Map<unknown, readonly string[]>();

  /** What the user may do in person, in place of what was set before. */
  setOfUser({ pk }: BaseUser, permissions: readonly string[]): void {
    this.#ofUsers.set(pk, permissions);
  }

  /** What the members of a group may do, in place of what was set before. */
  setOfGroup(group: string, permissions: readonly string[]): void {
    this.#ofGroups.set(group, permissions);
  }

  /** The groups of the user, in place of those of before. */
  setGroups({ pk }: BaseUser, groups: readonly string[]): void {
    this.#groups.set(pk, groups);
  }

  clear(): void {
    this.#ofUsers.clear();
    this.#ofGroups.clear();
    this.#groups.clear();
  }

  of({ pk }: BaseUser): GrantedPermissions {
    const groups = this.#groups.get(pk) ?? [];
    return {
      user: new Set(this.#ofUsers.get(pk)),
      group: new Set(groups.flatMap((group) => this.#ofGroups.get(group) ?? [])),
    };
  }

  /** All that somebody was given. */
  all(): ReadonlySet<string> {
    return new Set([...this.#ofUsers.values(), ...this.#ofGroups.values()].flat());
  }
}

import { and, not, or, type Permission, type PolicyClass } from 'sallyport';

type PermissionClass = PolicyClass<Permission>;

/**
 * Reads a composition of permissions in Python's grammar: `~` binds tightest, then `&`, then `|`, and parentheses group.
 *
 * @param find gives the class of a name
 * @throws SyntaxError
 *
 * @example readExpression('IsAuthenticated & ~(IsAdminUser | IsOwner)', find)
 */
export function readExpression(text: string, find: (name: string) => PermissionClass): PermissionClass {
  const tokens = text.match(/\w+|[^\w\s]/g) ?? [];
  let at = 0;

  function take(token: string): boolean {
    if (tokens[at] !== token) return false;
    at++;
    return true;
  }
  function alternatives(): PermissionClass {
    let left = conjunction();
    while (take('|')) left = or(left, conjunction());
    return left;
  }
  function conjunction(): PermissionClass {
    let left = operand();
    while (take('&')) left = and(left, operand());
    return left;
  }
  function operand(): PermissionClass {
    if (take('~')) return not(operand());
    if (take('(')) {
      const inner = alternatives();
      if (!take(')')) throw new SyntaxError(`A parenthesis is not closed in '${text}'.`);
      return inner;
    }
    const name = tokens[at++];
    if (name === undefined || !/^\w/.test(name)) throw new SyntaxError(`A name is missing in '${text}'.`);
    return find(name);
  }

  const permission = alternatives();
  if (at < tokens.length) throw new SyntaxError(`'${tokens[at]!}' is not expected in '${text}'.`);
  return permission;
}

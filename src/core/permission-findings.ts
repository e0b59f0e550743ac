import { finding, type Finding } from './findings';
import { accessOf, methodOf, nameOfPolicy, type ViewInfo } from './inspection';
import {
  AllowAny,
  BasePermission,
  compositionOf,
  IsAuthenticated,
  type Permission,
  type PermissionClasses,
} from './permissions';
import type { PolicyClass } from './policy';

/** What is wrong with the permissions of a view. */
export function checkPermissions(view: ViewInfo, where: string): Finding[] {
  const found: Finding[] = [];
  const { permissionClasses } = view.policies;
  if (accessOf(view) === 'open') {
    found.push(
      finding('sallyport.W001', where, {
        message: 'Everybody gets in, for neither the view nor the settings declare permissions.',
        hint:
          'Set defaultPermissionClasses: [IsAuthenticated] for all views. If this one is to be public, say so: ' +
          'static override permissionClasses: PermissionClasses = [AllowAny].',
      }),
    );
  }
  if (refusesUsersAlone(permissionClasses)) {
    found.push(
      finding('sallyport.W005', where, {
        message: `Whom ${permissionClasses.map(nameOfPolicy).join(', ')} refuses gets in without credentials.`,
        hint: 'Ask for a user first: and(IsAuthenticated, not(…)).',
      }),
    );
  }
  for (const operand of permissionClasses.flatMap(deniedOperands).filter(allowsEveryRequest)) {
    found.push(
      finding('sallyport.W006', where, {
        message: `not(${operand.name}) refuses every request, for ${operand.name} looks at objects alone and lets every request pass.`,
        hint: `Give ${operand.name} a hasPermission, or write a permission whose hasObjectPermission says the opposite.`,
      }),
    );
  }
  return found;
}

/** What is meant by the opposite of these: a page for visitors alone, or for nobody. */
const PLAIN: PermissionClasses = [IsAuthenticated, AllowAny];

/** Whether a list holds nothing but `not(…)`: most of what is denied of some users can't be said of nobody. */
function refusesUsersAlone(permissions: PermissionClasses): boolean {
  const asking = permissions.filter((permission) => permission !== AllowAny);
  const denied = asking.map(compositionOf).flatMap((made) => (made?.operator === 'not' ? made.operands : []));
  return (
    denied.length > 0 &&
    denied.length === asking.length &&
    !denied.some((operand) => PLAIN.includes(operand) || allowsEveryRequest(operand))
  );
}

/** What `not` stands before, anywhere in a permission. */
function deniedOperands(permission: PolicyClass<Permission>): PolicyClass<Permission>[] {
  const { operator, operands = [] } = compositionOf(permission) ?? {};
  return [...(operator === 'not' ? operands : []), ...operands.flatMap(deniedOperands)];
}

/** Whether a permission has nothing to say about requests. `not(AllowAny)` says what it means. */
function allowsEveryRequest(permission: PolicyClass<Permission>): boolean {
  if (permission === AllowAny || compositionOf(permission) !== undefined) return false;
  const method = methodOf(permission, 'hasPermission');
  return method === undefined || method === methodOf(BasePermission, 'hasPermission');
}

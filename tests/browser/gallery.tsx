// Grafana's own components, one of each that Rollcall has a sister of: what parity.test.mjs compares ours with.
//
// Owns: the page `/gallery` of the host; each part stands in a frame with `data-part`. It must never know Rollcall, nor style anything.
import * as grafanaUi from '@grafana/ui';
import * as React from 'react';

const { Alert, Badge, Button, Drawer, FieldValidationMessage, Input, InteractiveTable, Modal, Select, Switch, Tab, TabsBar } = grafanaUi as any;

/** The frame is a block of its own width, so that what is as wide as its place can be compared too. */
const Part = ({ name, children }: any) => (
  <div data-part={name} style={{ width: 400, marginBottom: 8 }}>{children}</div>
);

const nothing = () => {};
const columns = [{ id: 'name', header: 'Name' }, { id: 'state', header: 'State' }];
const rows = [{ name: 'Ada', state: 'active' }, { name: 'Bob', state: 'closed' }];
const options = [{ label: 'Okta', value: 'okta' }];

export function Gallery() {
  return (
    <div>
      {['primary', 'secondary', 'destructive'].flatMap((variant) => [
        <Part key={variant} name={`button-${variant}`}><Button variant={variant}>Save</Button></Part>,
        <Part key={`${variant}-sm`} name={`button-${variant}-sm`}><Button variant={variant} size="sm">Save</Button></Part>,
      ])}
      <Part name="button-disabled"><Button variant="secondary" disabled>Save</Button></Part>
      <Part name="input"><Input placeholder="Name" /></Part>
      <Part name="input-invalid"><Input invalid placeholder="Name" /></Part>
      <Part name="input-disabled"><Input disabled placeholder="Name" /></Part>
      <Part name="select"><Select options={options} value="okta" onChange={nothing} aria-label="Provider" /></Part>
      <Part name="error"><FieldValidationMessage>Choose a team</FieldValidationMessage></Part>
      <Part name="table"><InteractiveTable columns={columns} data={rows} getRowId={(row: any) => row.name} /></Part>
      {['green', 'blue', 'orange', 'red'].map((color) => (
        <Part key={color} name={`badge-${color}`}><Badge color={color} text="Active" /></Part>
      ))}
      {['info', 'success', 'error'].map((severity) => (
        <Part key={severity} name={`alert-${severity}`}><Alert severity={severity} title="Title">Text</Alert></Part>
      ))}
      <Part name="tabs">
        <TabsBar>
          <Tab label="One" active href="gallery" />
          <Tab label="Two" href="gallery" />
        </TabsBar>
      </Part>
      <Part name="switch"><Switch value={false} onChange={nothing} aria-label="Paused" /></Part>
      <Part name="switch-on"><Switch value onChange={nothing} aria-label="Paused" /></Part>
      <Modal isOpen title="Title" onDismiss={nothing} trapFocus={false}>
        <div data-part="modal-body">
          Text
          <Modal.ButtonRow><Button variant="secondary">Cancel</Button></Modal.ButtonRow>
        </div>
      </Modal>
      <Drawer title="Title" onClose={nothing}><div data-part="drawer-body">Text</div></Drawer>
    </div>
  );
}

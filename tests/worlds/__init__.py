"""What tests begin with: builders of events and states, samples of every event, journals at random and as recorded."""
